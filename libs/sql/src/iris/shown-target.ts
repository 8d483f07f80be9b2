import type { Node, SelectStmt } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { printReference } from './expression.ts';
import { callOf, columnOf, constant, target } from './node-builders.ts';
import { hasOrderedSets } from './ordered-sets.ts';
import type { Printing } from './printing.ts';
import { placeOf, refuse } from './refusal.ts';
import type { Scope, VisibleColumn } from './scope.ts';
import { isSame } from './targets.ts';

/**
 * A result column that the proxy computes in a subquery (as a value, or in FROM); undefined for any other.
 */
export function shownTarget(
  p: Printing,
  node: Node | undefined,
  scope: Scope,
): { readonly sql: string; readonly column: VisibleColumn } | undefined {
  const reference = bodyOf(node, 'ColumnRef');
  if (reference !== undefined) {
    const column = scope.column(reference);
    return column?.computation === undefined ? undefined : { sql: printReference(p, reference, scope, true), column };
  }
  const select = valueQuery(node);
  if (select === undefined || !hasOrderedSets(select)) return undefined;
  const { sql, columns } = p.queryValue(select, scope, { isForClient: true });
  const [column, ...more] = columns ?? [];
  return column?.computation === undefined || more.length > 0 ? undefined : { sql: `(${sql})`, column };
}

function valueQuery(node: Node | undefined): SelectStmt | undefined {
  const { subLinkType, subselect, location } = bodyOf(node, 'SubLink') ?? {};
  const select = bodyOf(subselect, 'SelectStmt');
  if (select === undefined || subLinkType === 'EXPR_SUBLINK') return select;
  return subLinkType === 'ARRAY_SUBLINK' ? arrayQuery(select, location) : undefined;
}

/** Rewrites ARRAY(SELECT value ... ORDER BY ...) as array_agg, which is empty if there are no rows. */
function arrayQuery(select: SelectStmt, location: number | undefined): SelectStmt {
  const { targetList = [], sortClause = [], fromClause, whereClause, ...others } = select;
  const { val: value, name } = bodyOf(targetList[0], 'ResTarget') ?? {};
  const isPlain = ![others.distinctClause, others.groupClause, others.havingClause, others.limitCount, others.limitOffset, others.withClause, others.windowClause, others.valuesLists, others.larg].some((part) => part !== undefined); // prettier-ignore
  if (value === undefined || targetList.length !== 1 || fromClause === undefined || hasOrderedSets(select))
    return refuse('an array of this query', location, 'Take array_agg of a query in FROM.');
  const sorted = sortClause.map((clause) => {
    const sort = bodyOf(clause, 'SortBy') ?? {};
    const isOfResult = isResult(sort.node, value, name);
    if (!isOfResult && !isPlain)
      return refuse('an array of a query in an order of its own', placeOf(sort.node), 'Take array_agg(... ORDER BY ...) of a query in FROM.'); // prettier-ignore
    return { ...sort, ...(isOfResult ? { node: isPlain ? value : columnOf('iris_a', 'iris_v') } : {}) };
  });
  const { limitOption = 'LIMIT_OPTION_DEFAULT', op = 'SETOP_NONE' } = others;
  const inside: SelectStmt = { ...select, targetList: [target('iris_v', value)] };
  const from = isPlain
    ? fromClause
    : [{ RangeSubselect: { subquery: { SelectStmt: inside }, alias: { aliasname: 'iris_a' } } }];
  const call = bodyOf(callOf('array_agg', isPlain ? value : columnOf('iris_a', 'iris_v')), 'FuncCall') ?? {};
  const order = sorted.length === 0 ? {} : { agg_order: sorted.map((sort): Node => ({ SortBy: sort })) };
  const array: Node = {
    CoalesceExpr: { args: [{ FuncCall: { ...call, ...order, location: location ?? -1 } }, constant('{}')] },
  };
  return {
    targetList: [target('iris_a', array)],
    fromClause: from,
    limitOption,
    op,
    ...(isPlain && whereClause !== undefined && { whereClause }),
  };
}

/** Whether ORDER BY refers to the only result column, by number, name or expression. */
function isResult(node: Node | undefined, value: Node, name: string | undefined): boolean {
  const fields = bodyOf(node, 'ColumnRef')?.fields;
  const isNamed = name !== undefined && fields?.length === 1 && bodyOf(fields[0], 'String')?.sval === name;
  return bodyOf(node, 'A_Const')?.ival?.ival === 1 || isNamed || isSame(node, value);
}
