import type { Node, SelectStmt } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { valueAs } from './expression.ts';
import { common, isNullable, wider } from './inference.ts';
import { limitsOf, type Limits } from './limits.ts';
import { identifier } from './names.ts';
import { isSameScale } from './numeric-scale.ts';
import { sortKeys } from './order.ts';
import { paged, structured } from './pages.ts';
import { numberTypes, textTypes, timeTypes, type PgType } from './pg-type.ts';
import type { PrintedQuery, Printing, QueryOptions } from './printing.ts';
import { placeOf, refuse, Refusal } from './refusal.ts';
import type { Scope, VisibleColumn } from './scope.ts';
import { distinctNames, isSame, labelled, names, resultOf, type Target } from './targets.ts';

/**
 * Wraps DISTINCT or UNION in a query that sorts, as these can only be sorted by result columns.
 * @param hidden columns of the inner query for sorting, which are not results
 */
export function sortOutside(
  p: Printing,
  inner: string,
  targets: readonly Target[],
  select: SelectStmt,
  options: QueryOptions,
  limits: Limits,
  hidden: readonly Target[] = [],
): string {
  const keys = (select.sortClause ?? []).flatMap((clause) => {
    const sort = bodyOf(clause, 'SortBy') ?? {};
    const target = resultOf(sort.node, targets) ?? [...targets, ...hidden].find(({ node }) => isSame(node, sort.node));
    const column = target?.column ?? refuseOrder(select, sort.node);
    const name = identifier(column.name);
    return sortKeys(p, sort, {
      value: column.isExact ? name : `%EXACT(${name})`,
      isNullable: column.isNullable,
      isText: textTypes.has(column.type),
    }).map(structured);
  });
  const list = names(targets);
  return paged(p, limits, {
    head: 'SELECT ',
    list,
    names: targets.map(({ column }) => column.name),
    namedList: () => list,
    rest: ` FROM (${inner}) AS iris_d`,
    keys,
    isNested: false,
    isNative: options.isTop === true && p.dialect.has('limitClause'),
    isTop: options.isTop === true,
  });
}

const setWords: Readonly<Record<string, string>> = {
  SETOP_UNION: 'UNION',
  SETOP_INTERSECT: 'INTERSECT',
  SETOP_EXCEPT: 'EXCEPT',
};

export function printSetOperation(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  const { op = 'SETOP_UNION', all, larg, rarg } = select;
  if (op !== 'SETOP_UNION' && !p.dialect.has('intersectExcept')) {
    return refuse(`${setWords[op] ?? op} before IRIS ${p.dialect.since('intersectExcept')}`);
  }
  const isCounted = op !== 'SETOP_UNION' && all === true;
  if (larg === undefined || rarg === undefined) return refuse('this set operation');
  const isExact = isCounted || all !== true || options.isExact === true;
  const { names: said, ...more } = options;
  const inner: QueryOptions = { ...more, isTop: false, isForClient: false, isExact };
  const print = (side: SelectStmt, own: QueryOptions): PrintedQuery => p.query(side, scope, { ...inner, ...own });
  const given = print(larg, said === undefined ? {} : { names: said });
  const labels = given.columns?.map(({ name }) => name) ?? [];
  const distinct = options.isTop === true ? distinctNames(labels) : labels;
  const isRenamed = distinct.some((name, at) => name !== labels[at]);
  const ofLeft = isRenamed ? { names: distinct } : said === undefined ? {} : { names: said };
  const ofRight = isCounted && isRenamed ? ofLeft : {};
  const [one, other] = [isRenamed ? print(larg, ofLeft) : given, print(rarg, ofRight)];
  const left = becomesOther(one, other) ? print(larg, { ...ofLeft, ...typesBeside(one, other) }) : one;
  const right = becomesOther(other, one) ? print(rarg, { ...ofRight, ...typesBeside(other, one) }) : other;
  const word = `${setWords[op] ?? op}${all === true ? ' ALL' : ''}`;
  const sql = isCounted
    ? `SELECT ${listOf(left, rarg)} FROM (${counted(left, rarg)} ${setWords[op] ?? ''} ${counted(right, rarg)}) AS iris_e`
    : `${branch(larg, left.sql, isChain(select, larg))} ${word} ${branch(rarg, right.sql)}`;
  const columns = one.columns?.map((column, place) =>
    labelled(merged(column, other.columns?.[place], word, rarg.targetList?.[place]), labels[place]),
  );
  if (columns !== undefined && other.columns !== undefined && columns.length !== other.columns.length)
    throw new Refusal(`each ${setWords[op] ?? op} query must have the same number of columns`, {
      sqlstate: '42601',
      location: placeOf(rarg.targetList ?? rarg.valuesLists),
    });
  const limits = limitsOf(p, select);
  if (columns?.length === 0) return refuse('a set operation without columns', placeOf(rarg));
  const isPlain = select.sortClause === undefined && limits.count === undefined && limits.offset === undefined;
  if (isPlain) return { sql, columns };
  if (columns === undefined) return refuse('a sorted or limited set operation over *', undefined, 'Name the columns.');
  const targets = columns.map((column): Target => ({ node: undefined, sql: identifier(column.name), column }));
  return { sql: sortOutside(p, sql, targets, select, options, limits), columns };
}

function refuseOrder(select: SelectStmt, node: Node | undefined): never {
  if (select.distinctClause === undefined) return refuse('ORDER BY something that is no result column', placeOf(node));
  throw new Refusal('for SELECT DISTINCT, ORDER BY expressions must appear in select list', {
    sqlstate: '42P10',
    location: placeOf(node),
  });
}

/** Numbers equal rows, for INTERSECT ALL and EXCEPT ALL. */
function counted(query: PrintedQuery, at: SelectStmt): string {
  listOf(query, at); // of names that differ
  const values = (query.columns ?? []).map(({ name, isExact }) => {
    const printed = identifier(name);
    return { printed, value: isExact ? printed : `%EXACT(${printed})` };
  });
  const list = values.map(({ printed, value }) => (value === printed ? value : `${value} AS ${printed}`));
  return `SELECT ${list.join(', ')}, ROW_NUMBER() OVER (PARTITION BY ${values.map(({ value }) => value).join(', ')}) AS iris_n FROM (${query.sql}) AS iris_c`;
}

function listOf({ columns }: PrintedQuery, at: SelectStmt): string {
  if (columns === undefined) return refuse('INTERSECT ALL or EXCEPT ALL over *', placeOf(at), 'Name the columns.');
  return names(columns.map((column): Target => ({ node: undefined, sql: '', column })));
}

/** The type of a column beside the other side: untyped constants take its type, and dates become timestamps. */
function typeBeside({ type, isOpen }: VisibleColumn, other: VisibleColumn | undefined): PgType | undefined {
  if (isOpen === true) return other?.type;
  return type === 'date' && timeTypes.has(other?.type) ? other?.type : type;
}

const becomesOther = ({ columns }: PrintedQuery, other: PrintedQuery): boolean =>
  columns?.some((column, place) => {
    const { isOpen, type } = column;
    return isOpen === true || typeBeside(column, other.columns?.[place]) !== type;
  }) === true;

function typesBeside({ columns }: PrintedQuery, other: PrintedQuery): QueryOptions {
  const types = columns?.map((column, place) => typeBeside(column, other.columns?.[place]));
  return types === undefined ? {} : { types };
}

/** The merged column of both sides. */
function merged(
  left: VisibleColumn,
  right: VisibleColumn | undefined,
  word: string,
  at: Node | undefined,
): VisibleColumn {
  const type = agreed(left, right, word, at);
  const [modifiers = [], others = []] = [left, right].map((each) => each?.facts?.modifiers ?? each?.modifiers);
  const isSameType = left.type === right?.type && String(modifiers) === String(others);
  return {
    name: left.name,
    type,
    scale: isSameScale(left.scale, right?.scale) ? left.scale : undefined,
    isNullable: left.isNullable || right?.isNullable !== false,
    isDifference: left.isDifference === true && right?.isDifference === true,
    isExact: (left.isExact && right?.isExact === true) || (type !== undefined && !textTypes.has(type)),
    ...(isSameType ? { modifiers } : {}),
  };
}

/** Type categories; implicit conversions exist only within one. */
const categories: readonly ReadonlySet<PgType | undefined>[] = [
  numberTypes,
  textTypes,
  timeTypes,
  new Set<PgType | undefined>(['bool']),
  new Set<PgType | undefined>(['uuid']),
  new Set<PgType | undefined>(['bytea']),
];

/** @throws Refusal 42804 */
function agreed(
  left: VisibleColumn,
  right: VisibleColumn | undefined,
  word: string,
  at: Node | undefined,
): PgType | undefined {
  if (right?.isOpen === true && left.isOpen === true) return 'text';
  if (right?.isOpen === true || left.type === right?.type) return left.type;
  if (left.isOpen === true) return right?.type;
  const [one, other] = [left.type, right?.type].map((type) => categories.find((category) => category.has(type)));
  if (one !== undefined && other !== undefined && one !== other)
    throw new Refusal(`${word} types ${left.type ?? ''} and ${right?.type ?? ''} cannot be matched`, {
      sqlstate: '42804',
      location: placeOf(at),
    });
  return wider(left.type, right?.type);
}

/** Whether a UNION continues the chain on its left side. */
const isChain = ({ op, all = false }: SelectStmt, left: SelectStmt): boolean =>
  op === 'SETOP_UNION' && left.op === op && (left.all ?? false) === all && left.withClause === undefined;

function branch(select: SelectStmt, sql: string, isOfChain = false): string {
  const isPlain =
    (isOfChain || select.op === undefined || select.op === 'SETOP_NONE') &&
    select.sortClause === undefined &&
    select.limitCount === undefined &&
    select.limitOffset === undefined;
  return isPlain ? sql : `(${sql})`;
}

/** Prints VALUES as one SELECT per row. */
export function printValues(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  if (select.sortClause !== undefined || select.limitCount !== undefined)
    return refuse(
      'VALUES with ORDER BY or LIMIT',
      placeOf(select.valuesLists),
      'Write SELECT * FROM (VALUES ...) AS v.',
    );
  const rows = (select.valuesLists ?? []).map((row) => bodyOf(row, 'List')?.items ?? []);
  const columns = (rows[0] ?? []).map((_, place): VisibleColumn => {
    const type = common(
      p,
      rows.map((row) => row[place]).filter((node) => node !== undefined),
      scope,
    );
    const isNull = rows.some((row) => isNullable(p, row[place], scope));
    return { name: options.names?.[place] ?? `column${place + 1}`, type, isNullable: isNull, isExact: false };
  });
  const sql = rows
    .map((row) => {
      const values = row.map(
        (node, place) =>
          `${valueAs(p, node, columns[place]?.type, scope)} AS ${identifier(columns[place]?.name ?? '')}`,
      );
      return `SELECT ${values.join(', ')}`;
    })
    .join(' UNION ALL ');
  return { sql, columns };
}
