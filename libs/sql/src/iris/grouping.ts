import type { ColumnRef, Node, ResTarget, SelectStmt } from 'libpg-query';
import { bodyOf, lastNameOf, namesOf } from '../ast.ts';
import { isAggregateName } from './function-table.ts';
import { labelOf } from './labels.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { isSame, noResult, placeOfResult } from './targets.ts';

/** Checks that a part of a query has no window functions. @throws Refusal 42P20 */
export function withoutWindows(scope: Scope, where: string, part: Node | undefined, print: () => string): string {
  const before = scope.windowCalls;
  const printed = print();
  if (scope.windowCalls > before)
    throw new Refusal(`window functions are not allowed in ${where}`, { sqlstate: '42P20', location: placeOf(part) });
  return printed;
}

/** The expressions of a GROUP BY item: column numbers and output names are resolved, and `(a, b)` is split. */
export function groupedBy(node: Node, targets: readonly ResTarget[], scope: Scope): readonly Node[] {
  const row = bodyOf(node, 'RowExpr');
  if (row?.row_format === 'COERCE_IMPLICIT_CAST')
    return (row.args ?? []).flatMap((arg) => groupedBy(arg, targets, scope));
  const place = placeOfResult(node, 'GROUP BY');
  if (place === undefined) return [byName(node, targets, scope) ?? node];
  return [targets[place - 1]?.val ?? noResult(node, 'GROUP BY')];
}

/** Resolves a name in GROUP BY: a table column first, then an output name. */
function byName(node: Node, targets: readonly ResTarget[], scope: Scope): Node | undefined {
  const { fields = [], location } = bodyOf(node, 'ColumnRef') ?? {};
  const name = namesOf(fields).at(0);
  if (fields.length !== 1 || name === undefined) return undefined;
  const target = targets.find((each) => each.name === name);
  if (target === undefined || isSame(target.val, node) || scope.hasColumn(name)) return undefined;
  return scope.isKnown
    ? target.val
    : refuse('GROUP BY a name that may be a column or a result', location, 'Write the expression.');
}

/** GROUPING of what the query does not group by. */
export const noGroup = (location: number | undefined): Refusal =>
  new Refusal('arguments to GROUPING must be grouping expressions of the associated query level', {
    sqlstate: '42803',
    location,
  });

/** Whether a node is an aggregate call without OVER. */
export function isAggregate(node: Node): boolean {
  const call = bodyOf(node, 'FuncCall');
  return call !== undefined && call.over === undefined && isAggregateName(lastNameOf(call.funcname) ?? '');
}

/**
 * Checks that columns of a grouped query are grouped or aggregated; IRIS would take the value of any row.
 * @throws Refusal 42803
 */
export function checkGrouped(
  select: SelectStmt,
  targets: readonly ResTarget[],
  groups: readonly Node[],
  scope: Scope,
): void {
  const labels = new Set(targets.map(({ val, name }) => labelOf(val, name)));
  const check = (part: unknown): void => {
    if (typeof part !== 'object' || part === null) return;
    const node = part as Node;
    if (groups.some((group) => isSame(group, node, scope)) || isAggregate(node)) return;
    if (bodyOf(node, 'SubLink') !== undefined) return checkInside(node, groups, scope);
    const column = bodyOf(node, 'ColumnRef');
    if (column !== undefined) checkColumn(column, groups, scope);
    else for (const each of Object.values(part)) check(each);
  };
  for (const { val } of targets) check(val);
  check(select.havingClause);
  for (const clause of select.sortClause ?? []) {
    const { node } = bodyOf(clause, 'SortBy') ?? {};
    const name = bodyOf(node, 'ColumnRef')?.fields;
    if (name?.length !== 1 || !labels.has(lastNameOf(name) ?? '')) check(node);
  }
}

/** The same check for columns that a printed subquery reads of this query. */
function checkInside(part: unknown, groups: readonly Node[], scope: Scope): void {
  if (scope.readInside.size === 0 || typeof part !== 'object' || part === null) return;
  const column = bodyOf(part as Node, 'ColumnRef');
  if (column === undefined) for (const each of Object.values(part)) checkInside(each, groups, scope);
  else if (scope.readInside.has(column.location ?? -1) && !groups.some((group) => isSame(group, part as Node, scope)))
    checkColumn(column, groups, scope, true);
}

function checkColumn(column: ColumnRef, groups: readonly Node[], scope: Scope, isInside = false): void {
  const owner = scope.ownerOf(column);
  const isGrouped = (name: string): boolean =>
    groups.some((group) => {
      const reference = bodyOf(group, 'ColumnRef');
      return (
        reference !== undefined &&
        lastNameOf(reference.fields)?.toLowerCase() === name.toLowerCase() &&
        scope.ownerOf(reference) === owner
      );
    });
  if (owner === undefined || owner.keys?.some((key) => key.every(isGrouped)) === true) return;
  const name = `${owner.alias}.${lastNameOf(column.fields) ?? ''}`;
  throw new Refusal(
    isInside
      ? `subquery uses ungrouped column "${name}" from outer query`
      : `column "${name}" must appear in the GROUP BY clause or be used in an aggregate function`,
    { sqlstate: '42803', location: column.location },
  );
}
