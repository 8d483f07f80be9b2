import type { GroupingFunc, GroupingSet, Node, ResTarget, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, lastNameOf } from '../ast.ts';
import { Block } from './block.ts';
import { printFrom } from './from.ts';
import { groupedBy, isAggregate, noGroup } from './grouping.ts';
import { typeOf } from './inference.ts';
import { labelOf } from './labels.ts';
import { limitsOf } from './limits.ts';
import { identifier } from './names.ts';
import { isSameScale } from './numeric-scale.ts';
import type { PrintedQuery, Printing, QueryOptions } from './printing.ts';
import { placeOf, refuse } from './refusal.ts';
import { isRepeatable } from './repeatable.ts';
import { Scope, type VisibleColumn } from './scope.ts';
import { sortOutside } from './set-operations.ts';
import { distinctNames, isSame, labelled } from './targets.ts';

/** Maximum of sets; each becomes a query of its own. */
const setsMax = 64;

export const hasGroupingSets = (select: SelectStmt): boolean =>
  select.groupClause?.some((node) => bodyOf(node, 'GroupingSet') !== undefined) === true;

/** Prints GROUPING SETS, ROLLUP and CUBE as UNION ALL of a grouped query per set, with NULL for expressions not in the set. */
export function printGroupingSets(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  const place = placeOf(select.groupClause);
  checkSimple(select, place);
  const rows = new Scope(scope); // only to resolve names and types
  if (select.fromClause !== undefined) printFrom(p, select.fromClause, rows);
  const said = (select.targetList ?? []).map((node) => bodyOf(node, 'ResTarget') ?? {});
  const targets = [...said, ...sortedBy(select, said, options)];
  const labels = targets.map(
    ({ val, name }, at) => (at < said.length ? options.names?.[at] : undefined) ?? labelOf(val, name),
  );
  const names = options.isTop === true ? distinctNames(labels) : labels;
  const sets = setsOf(select.groupClause ?? [], (node) => groupedBy(node, targets, rows), place);
  const all = distinct(sets.flat(), rows);
  const parts = sets.map((set) => {
    const absent = all.filter((each) => !set.some((group) => isSame(group, each, rows)));
    const rewrite = (node: Node | undefined): Node | undefined => without(p, node, absent, all, rows);
    const named = targets.map(({ val, ...more }, at): ResTarget => {
      const value = rewrite(val);
      return { ...more, ...(value === undefined ? {} : { val: value }), name: names[at] ?? '' };
    });
    const having = rewrite(select.havingClause);
    const { fromClause, whereClause } = select;
    const one: SelectStmt = {
      targetList: named.map((target) => ({ ResTarget: target })),
      ...(fromClause === undefined ? {} : { fromClause }),
      ...(whereClause === undefined ? {} : { whereClause }),
      ...(set.length === 0 ? {} : { groupClause: [...set] }),
      ...(having === undefined ? {} : { havingClause: having }),
    };
    const isNull = targets.map(({ val }) => absent.some((each) => isSame(each, val, rows)));
    return { ...new Block(p, one, new Scope(scope), { ...options, isTop: false, isForClient: false }).print(), isNull };
  });
  return ordered(p, select, { targets, labels, shown: said.length, parts }, options);
}

/** Sort keys that are not result columns, added as hidden columns of each set. */
function sortedBy(select: SelectStmt, targets: readonly ResTarget[], { names }: QueryOptions): readonly ResTarget[] {
  const labels = new Set(targets.map(({ val, name }, at) => names?.[at] ?? labelOf(val, name)));
  return (select.sortClause ?? [])
    .map((clause) => bodyOf(clause, 'SortBy')?.node)
    .filter((node) => node !== undefined && !isResult(node, targets, labels))
    .map((val, at) => ({ ...(val === undefined ? {} : { val }), name: `iris_o${at + 1}` }));
}

function isResult(node: Node, targets: readonly ResTarget[], labels: ReadonlySet<string>): boolean {
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  const isLabel = fields.length === 1 && labels.has(lastNameOf(fields) ?? '');
  return isLabel || bodyOf(node, 'A_Const') !== undefined || targets.some(({ val }) => isSame(val, node));
}

interface Part extends PrintedQuery {
  /** For each column, whether it is NULL in this set. */
  readonly isNull: readonly boolean[];
}

interface Written {
  readonly targets: readonly ResTarget[];
  readonly labels: readonly string[];
  /** Number of columns that the client sees. */
  readonly shown: number;
  readonly parts: readonly Part[];
}

function ordered(
  p: Printing,
  select: SelectStmt,
  { targets, labels, shown, parts }: Written,
  options: QueryOptions,
): PrintedQuery {
  const sql = parts.map((part) => part.sql).join(' UNION ALL ');
  const columns = targets.map((_, at) => labelled(columnOf(parts, at), labels[at]));
  const limits = limitsOf(p, select);
  if (select.sortClause === undefined && limits.count === undefined && limits.offset === undefined)
    return { sql, columns };
  const seen = columns.map((column, at) => ({ node: targets[at]?.val, sql: identifier(column.name), column }));
  const [results, hidden] = [seen.slice(0, shown), seen.slice(shown)];
  return { sql: sortOutside(p, sql, results, select, options, limits, hidden), columns: columns.slice(0, shown) };
}

function columnOf(parts: readonly Part[], at: number): VisibleColumn {
  const all = parts.map(({ columns }) => columns?.[at]).filter((column) => column !== undefined);
  const valued = parts.filter(({ isNull }) => isNull[at] !== true).map(({ columns }) => columns?.[at]);
  const [first = all[0], ...others] = valued;
  if (first === undefined) return refuse('GROUPING SETS without columns');
  return {
    ...first,
    ...(first.isOpen === true ? { type: 'text', isOpen: false } : {}), // a grouped expression has a type
    isNullable: all.some(({ isNullable }) => isNullable) || valued.length < parts.length,
    isExact: all.every(({ isExact }) => isExact),
    scale: others.every((other) => isSameScale(other?.scale, first.scale)) ? first.scale : undefined,
  };
}

function checkSimple(select: SelectStmt, place: number | undefined): void {
  const problem = problemOf(select);
  if (problem !== undefined) refuse(`GROUPING SETS, ROLLUP or CUBE with ${problem}`, place, 'Write UNION ALL.');
}

function problemOf(select: SelectStmt): string | undefined {
  const { targetList, havingClause, sortClause, distinctClause, groupDistinct } = select;
  const has = (test: (node: Node) => boolean): boolean => hasPart([targetList, havingClause, sortClause], test);
  if (has((node) => bodyOf(node, 'FuncCall')?.over !== undefined)) return 'a window';
  if (has((node) => bodyOf(node, 'SubLink') !== undefined)) return 'a query as a value';
  if (targetList?.some((node) => hasStar(bodyOf(node, 'ResTarget')?.val)) === true) return '*';
  if (!has(isAggregate)) return 'no aggregate';
  if (distinctClause !== undefined || groupDistinct === true) return 'DISTINCT';
  return isRepeatable(select) ? undefined : 'a function that may answer otherwise the next time';
}

const hasStar = (node: Node | undefined): boolean =>
  bodyOf(bodyOf(node, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined;

type Sets = readonly (readonly Node[])[];

/** The cross product of the sets of all GROUP BY items. */
function setsOf(items: readonly Node[], resolved: (node: Node) => readonly Node[], place: number | undefined): Sets {
  const tooMany = (): never => refuse(`more than ${setsMax} grouping sets`, place);
  const setsOfItem = (node: Node): Sets => {
    const set = bodyOf(node, 'GroupingSet');
    const sets = set === undefined ? [resolved(node)] : setsOfKind(set, resolved, setsOfItem);
    return sets.length > setsMax ? tooMany() : sets;
  };
  return items.map(setsOfItem).reduce<Sets>(
    (all, sets) => {
      if (all.length * sets.length > setsMax) return tooMany();
      return all.flatMap((before) => sets.map((set) => [...before, ...set]));
    },
    [[]],
  );
}

function setsOfKind(
  { kind, content = [] }: GroupingSet,
  resolved: (node: Node) => readonly Node[],
  nested: (node: Node) => Sets,
): Sets {
  switch (kind) {
    case 'GROUPING_SET_EMPTY':
      return [[]];
    case 'GROUPING_SET_ROLLUP':
      return Array.from({ length: content.length + 1 }, (_, left) =>
        content.slice(0, content.length - left).flatMap(resolved),
      );
    case 'GROUPING_SET_CUBE':
      if (content.length > Math.log2(setsMax)) return refuse(`more than ${setsMax} grouping sets`, placeOf(content));
      return content.reduce<Sets>((sets, node) => [...sets.map((set) => [...set, ...resolved(node)]), ...sets], [[]]);
    case 'GROUPING_SET_SETS':
      return content.flatMap(nested);
    default:
      return refuse(kind ?? 'this grouping set');
  }
}

const distinct = (nodes: readonly Node[], scope: Scope): readonly Node[] =>
  nodes.filter((node, at) => !nodes.slice(0, at).some((before) => isSame(before, node, scope)));

/** An expression in a set: NULL for what the set does not group by, and a number for GROUPING(); arguments of aggregates are unchanged. */
function without(
  p: Printing,
  node: Node | undefined,
  absent: readonly Node[],
  all: readonly Node[],
  scope: Scope,
): Node | undefined {
  const rewritten = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(rewritten);
    if (typeof part !== 'object' || part === null) return part;
    const each = part as Node;
    if (all.some((group) => isSame(group, each, scope)))
      return absent.some((group) => isSame(group, each, scope)) ? nothing(p, each, scope) : each; // whatever is in it
    const grouping = bodyOf(each, 'GroupingFunc');
    if (grouping !== undefined) return groupingBits(grouping, absent, all, scope);
    if (isAggregate(each)) return each;
    return Object.fromEntries(Object.entries(part).map(([name, value]) => [name, rewritten(value)]));
  };
  return node === undefined ? undefined : (rewritten(node) as Node);
}

function nothing(p: Printing, node: Node, scope: Scope): Node {
  const arg: Node = { A_Const: { isnull: true, location: -1 } };
  const type = typeOf(p, node, scope);
  return type === undefined
    ? arg
    : { TypeCast: { arg, typeName: { names: [{ String: { sval: type } }], location: -1 } } };
}

function groupingBits(
  { args = [], location }: GroupingFunc,
  absent: readonly Node[],
  all: readonly Node[],
  scope: Scope,
): Node {
  const isIn = (nodes: readonly Node[], arg: Node): boolean => nodes.some((node) => isSame(node, arg, scope));
  const other = args.find((arg) => !isIn(all, arg));
  if (other !== undefined) throw noGroup(placeOf(other));
  const ival = args.reduce((bits, arg) => 2 * bits + (isIn(absent, arg) ? 1 : 0), 0);
  return { A_Const: { ival: { ival }, location: location ?? -1 } };
}
