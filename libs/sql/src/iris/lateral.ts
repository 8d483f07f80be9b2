import type { ColumnRef, JoinExpr, Node, RangeSubselect, ResTarget, SelectStmt } from 'libpg-query';
import { bodyOf, constantText, hasPart, lastNameOf, namesOf } from '../ast.ts';
import { checkNames, printFrom } from './from.ts';
import { isAggregate } from './grouping.ts';
import { common, isNullable, typeOf } from './inference.ts';
import { labelOf } from './labels.ts';
import { castTo, columnOf, number, operator, target, booleanNode, words } from './node-builders.ts';
import { identifier } from './names.ts';
import { scaleOf } from './numeric-scale.ts';
import type { Printing } from './printing.ts';
import { placeOf, refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { Scope, type VisibleColumn, type VisibleTable } from './scope.ts';
import { valueAs } from './expression.ts';

const hint = 'Write each value as a query in SELECT, or join a query with GROUP BY or row_number().';

/** A LATERAL query: columns that are expressions over the left row, and joined rows if there may be several. */
export interface LateralItem {
  /** What to join; undefined if it always has exactly one row. */
  readonly sql: string | undefined;
  readonly table: VisibleTable;
}

/** Prints LATERAL with exactly one row, or of VALUES; undefined for any other. The scope must have the preceding tables. */
export function printLateralItem(
  p: Printing,
  { subquery, alias }: RangeSubselect,
  scope: Scope,
): LateralItem | undefined {
  const select = bodyOf(subquery, 'SelectStmt');
  if (select === undefined || !isPlain(select) || select.limitCount !== undefined) return undefined;
  const name = alias?.aliasname ?? 'iris_lateral';
  const names = namesOf(alias?.colnames);
  if (select.valuesLists !== undefined) return printLateralValues(p, select, name, names, scope);
  const targets = (select.targetList ?? []).map((node) => bodyOf(node, 'ResTarget') ?? {});
  const isOfRow = select.fromClause === undefined && select.whereClause === undefined;
  const isAggregated = hasPart(select.targetList, isAggregate) && select.groupClause === undefined;
  if ((!isOfRow && !isAggregated) || select.havingClause !== undefined || targets.some(isStar)) return undefined;
  checkRepeatable(select, 'LATERAL');
  checkNames(`table "${name}"`, targets.length, names.length, () => placeOf(subquery));
  const columns = targets.map((each, at) => {
    const label = names[at] ?? labelOf(each.val, each.name);
    return isAggregated
      ? queryColumn(p, { ...select, targetList: [{ ResTarget: each }] }, label, scope)
      : valueColumn(p, each.val, label, scope);
  });
  return { sql: undefined, table: computedTable(name, columns) };
}

type Column = readonly [column: VisibleColumn, sql: string];

const computedTable = (alias: string, columns: readonly Column[]): VisibleTable => ({
  alias,
  columns: columns.map(([column]) => column),
  isOuter: false,
  keys: [[]],
  computed: new Map(columns.map(([{ name }, sql]) => [name, sql])),
});

const isStar = ({ val }: ResTarget): boolean =>
  bodyOf(bodyOf(val, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined;

const isPlain = ({ op, distinctClause, withClause, windowClause, limitOffset, lockingClause }: SelectStmt): boolean =>
  (op === undefined || op === 'SETOP_NONE') &&
  ![distinctClause, withClause, windowClause, limitOffset, lockingClause].some((part) => part !== undefined);

function valueColumn(p: Printing, value: Node | undefined, name: string, scope: Scope): Column {
  // A bare constant would be a column number in ORDER BY.
  const isConstant = bodyOf(value, 'A_Const') !== undefined;
  const node = isConstant ? castTo(typeOf(p, value, scope) ?? 'text', value) : value;
  const type = typeOf(p, node, scope);
  const column = {
    name,
    type,
    isNullable: isNullable(p, node, scope),
    isExact: false,
    scale: type === 'numeric' ? scaleOf(p, node, scope) : undefined,
  };
  if (type === 'interval') return refuse('an interval of LATERAL', placeOf(node), hint);
  return [column, `(${valueAs(p, node, type, scope)})`];
}

function queryColumn(p: Printing, select: SelectStmt, name: string, scope: Scope): Column {
  const { sql, columns } = p.queryValue(select, scope, { isForClient: true });
  const [{ type, scale, computation } = {}] = columns ?? [];
  const column = {
    name,
    type,
    isNullable: true,
    isExact: false,
    scale,
    ...(computation !== undefined && { computation }),
  };
  return [column, `(${sql})`];
}

/** VALUES over columns of the left row: a query of row numbers, and CASE expressions for the columns. */
function printLateralValues(
  p: Printing,
  { valuesLists = [] }: SelectStmt,
  name: string,
  names: readonly string[],
  scope: Scope,
): LateralItem {
  checkRepeatable(valuesLists, 'LATERAL');
  const rows = valuesLists.map((row) => bodyOf(row, 'List')?.items ?? []);
  const row = `${identifier(name)}.iris_n`;
  const columns = (rows[0] ?? []).map((_, at): Column => {
    const nodes = rows.map((each) => each[at]).filter((node) => node !== undefined);
    const type = common(p, nodes, scope);
    const branches = nodes.map((node, place) => `WHEN ${place + 1} THEN ${valueAs(p, node, type, scope)}`);
    const isOpen = nodes.some((node) => isNullable(p, node, scope));
    return [
      { name: names[at] ?? `column${at + 1}`, type, isNullable: isOpen, isExact: false },
      `CASE ${row} ${branches.join(' ')} END`,
    ];
  });
  const numbers = rows.map((_, place) => `SELECT ${place + 1} AS iris_n`).join(' UNION ALL ');
  return { sql: `(${numbers}) AS ${identifier(name)}`, table: { ...computedTable(name, columns), keys: [] } };
}

/** Whether a column is an internal one of these joins. */
export const isHidden = (name: string): boolean => /^iris_(?:k\d+|n)$/.test(name);

/**
 * Turns a LATERAL query that refers to preceding tables only in equalities into a join by these. A LIMIT becomes a condition on the row
 * number per key. @throws Refusal for any other
 */
export function joinedByKeys(p: Printing, join: JoinExpr, scope: Scope): JoinExpr {
  const lateral = bodyOf(join.rarg, 'RangeSubselect');
  const select = bodyOf(lateral?.subquery, 'SelectStmt');
  const refused = (): never => refuse('LATERAL', placeOf(lateral), hint);
  const isJoin = join.jointype === 'JOIN_INNER' || join.jointype === 'JOIN_LEFT';
  if (lateral === undefined || select?.fromClause === undefined || !isJoin || !isPlain(select)) return refused();
  const { limitCount, sortClause, whereClause, targetList, groupClause, havingClause, ...rest } = select;
  const limit = limitCount === undefined ? undefined : Number(constantText(limitCount) ?? Number.NaN);
  const isWindowed = hasPart(targetList, (node) => bodyOf(node, 'FuncCall')?.over !== undefined);
  const isGrouped = groupClause !== undefined || havingClause !== undefined || hasPart(targetList, isAggregate);
  if (
    isGrouped ||
    isWindowed ||
    (limit !== undefined && !Number.isInteger(limit)) ||
    rest.limitOption === 'LIMIT_OPTION_WITH_TIES'
  )
    return refused();
  const rows = new Scope(new Scope(scope)); // seen for the sake of names
  printFrom(p, select.fromClause, rows);
  if (!rows.isKnown) return refused();
  const sides = (node: unknown): { readonly own: boolean; readonly other: boolean } => {
    const seen = { own: false, other: false };
    everyColumn(node, (column) => (rows.isOwn(column) ? (seen.own = true) : (seen.other = true)));
    return seen;
  };
  const fixed = [targetList, sortClause, select.fromClause].some((part) => sides(part).other);
  if (
    fixed ||
    hasColumn([targetList, sortClause], (column) => !rows.isOwn(column) && scope.isOwn(column)) ||
    hasQuery(whereClause) ||
    hasQuery(select.fromClause)
  )
    return refused();
  const kept: Node[] = [];
  const keys: { readonly own: Node; readonly other: Node }[] = [];
  for (const test of conjuncts(whereClause)) {
    if (!sides(test).other) {
      kept.push(test);
      continue;
    }
    const { kind, name, lexpr, rexpr } = bodyOf(test, 'A_Expr') ?? {};
    if (kind !== 'AEXPR_OP' || lastNameOf(name) !== '=' || lexpr === undefined || rexpr === undefined) return refused();
    const [left, right] = [sides(lexpr), sides(rexpr)];
    if (left.own && !left.other && right.other && !right.own) keys.push({ own: lexpr, other: rexpr });
    else if (right.own && !right.other && left.other && !left.own) keys.push({ own: rexpr, other: lexpr });
    else return refused();
  }
  if (keys.length === 0) return refused();
  checkRepeatable(select, 'LATERAL');
  const partitionClause = keys.map(({ own }) => own);
  const over = {
    partitionClause,
    frameOptions: 1058,
    ...(sortClause === undefined ? {} : { orderClause: sortClause }),
  };
  const numbered: Node = { FuncCall: { funcname: words('row_number'), over, location: -1 } };
  const inner: SelectStmt = {
    ...rest,
    targetList: [
      ...(targetList ?? []),
      ...keys.map(({ own }, at) => target(`iris_k${at + 1}`, own)),
      ...(limit === undefined ? [] : [target('iris_n', numbered)]),
    ],
    ...(kept.length === 0 ? {} : { whereClause: booleanNode('AND_EXPR', kept) }),
  };
  const alias = lateral.alias?.aliasname ?? 'iris_lateral';
  const tests = [
    ...keys.map(({ other }, at) => operator('=', columnOf(alias, `iris_k${at + 1}`), other)),
    ...(limit === undefined ? [] : [operator('<=', columnOf(alias, 'iris_n'), number(limit))]),
    ...(join.quals === undefined || isTrue(join.quals) ? [] : [join.quals]),
  ];
  return {
    ...join,
    rarg: {
      RangeSubselect: { subquery: { SelectStmt: inner }, alias: { ...lateral.alias, aliasname: alias } },
    },
    quals: tests.length === 1 && tests[0] !== undefined ? tests[0] : booleanNode('AND_EXPR', tests),
  };
}

export const isTrue = (node: Node | undefined): boolean => bodyOf(node, 'A_Const')?.boolval?.boolval === true;

function conjuncts(node: Node | undefined): readonly Node[] {
  if (node === undefined) return [];
  const all = bodyOf(node, 'BoolExpr');
  return all?.boolop === 'AND_EXPR' ? (all.args ?? []).flatMap(conjuncts) : [node];
}

function everyColumn(part: unknown, see: (column: ColumnRef) => void): void {
  hasPart(part, (node) => {
    const column = bodyOf(node, 'ColumnRef');
    if (column !== undefined && bodyOf(column.fields?.at(-1), 'A_Star') === undefined) see(column);
    return false;
  });
}

/** Whether a part has such a column, subqueries included. */
function hasColumn(part: unknown, test: (column: ColumnRef) => boolean): boolean {
  if (typeof part !== 'object' || part === null) return false;
  const column = bodyOf(part as Node, 'ColumnRef');
  return column === undefined ? Object.values(part).some((each) => hasColumn(each, test)) : test(column);
}

const hasQuery = (part: unknown): boolean =>
  hasPart(part, (node) => bodyOf(node, 'SubLink') !== undefined || bodyOf(node, 'RangeSubselect')?.lateral === true);
