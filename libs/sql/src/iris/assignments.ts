import type { Node, ResTarget, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, kindOf } from '../ast.ts';
import { columnFacts, printAssigned } from './assigned.ts';
import type { TableFacts } from './catalog.ts';
import { isAggregate } from './grouping.ts';
import { identifier } from './names.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';

/** Prints the assignments of SET. */
export function printAssignments(
  p: Printing,
  targets: readonly Node[],
  scope: Scope,
  facts: TableFacts | undefined,
): string {
  return targets
    .map((node) => {
      const { name, val, indirection, location } = bodyOf(node, 'ResTarget') ?? {};
      if (indirection !== undefined) return refuse('an assignment to a part of a column', location);
      const value = val === undefined ? undefined : oneOfSeveral({ val, location: location ?? -1 });
      if (value === undefined || kindOf(value) === 'SetToDefault')
        return refuse('SET ... = DEFAULT', location, 'Write the default value itself.');
      return `${identifier(name ?? '', location)} = ${printAssigned(p, value, columnFacts(facts, name), scope)}`;
    })
    .join(', ');
}

/** Splits `(a, b) = (x, y)` into `a = x, b = y`; a query is repeated for each column. */
function oneOfSeveral({ val, location }: ResTarget): Node | undefined {
  const several = bodyOf(val, 'MultiAssignRef');
  if (several === undefined) return val;
  const { source, colno = 1, ncolumns } = several;
  const row = bodyOf(source, 'RowExpr')?.args;
  if (row !== undefined)
    return row.length === ncolumns ? row[colno - 1] : refuse('SET of a row of another size', location);
  const link = bodyOf(source, 'SubLink');
  const select = bodyOf(link?.subselect, 'SelectStmt');
  if (link === undefined || select === undefined || !isOfOneRow(select) || select.targetList?.length !== ncolumns)
    return refuse('this assignment to several columns', location, 'Assign each column by its own subquery.');
  checkRepeatable(select, 'SET of several columns');
  const wanted = select.targetList?.[colno - 1];
  const one: SelectStmt = { ...select, targetList: wanted === undefined ? [] : [wanted] };
  return { SubLink: { ...link, subLinkType: 'EXPR_SUBLINK', subselect: { SelectStmt: one } } };
}

/** Whether each of its columns alone is of the same row: where one is an aggregate of all rows, each has to be. */
const isOfOneRow = ({
  op,
  valuesLists,
  distinctClause,
  limitCount,
  limitOffset,
  sortClause,
  groupClause,
  targetList = [],
}: SelectStmt): boolean =>
  (groupClause !== undefined || new Set(targetList.map((node) => hasPart(node, isAggregate))).size < 2) &&
  (op === undefined || op === 'SETOP_NONE') &&
  ![valuesLists, distinctClause, limitCount, limitOffset, sortClause].some((part) => part !== undefined) &&
  targetList.every(
    (node) => bodyOf(bodyOf(bodyOf(node, 'ResTarget')?.val, 'ColumnRef')?.fields?.at(-1), 'A_Star') === undefined,
  );
