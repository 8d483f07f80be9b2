import type { Alias, JoinExpr, Node, RangeFunction, RangeSubselect, RangeVar } from 'libpg-query';
import { bodyOf, kindOf, namesOf } from '../ast.ts';
import type { TableFacts } from './catalog.ts';
import type { RelationName } from '../statement.ts';
import { withoutWindows } from './grouping.ts';
import { hazardOf } from './guards.ts';
import { wider } from './inference.ts';
import { printLateralItem, isHidden, isTrue, joinedByKeys } from './lateral.ts';
import { textTypes } from './pg-type.ts';
import { identifier, schemaIdentifier } from './names.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import { seriesOf } from './series.ts';
import {
  columnNamed,
  visibleColumn,
  type MergedColumn,
  type NamedRows,
  type Scope,
  type VisibleRows,
  type VisibleTable,
} from './scope.ts';

/** Prints FROM, and adds its tables to the scope. @throws Refusal */
export function printFrom(p: Printing, items: readonly Node[], scope: Scope): string {
  checkAliases(items);
  const parts: string[] = [];
  for (const item of withLaterals(items)) {
    const { sql, tables, merged } = printItem(p, item, scope);
    scope.tables.push(...tables);
    for (const [name, column] of merged ?? []) scope.merged.set(name, column);
    parts.push(sql);
  }
  return parts.join(', ');
}

interface NamedItem {
  readonly name: string;
  /** The schema of a table without an alias. */
  readonly schema: string | undefined;
}

function namesIn(item: Node | undefined): readonly NamedItem[] {
  const join = bodyOf(item, 'JoinExpr');
  if (join !== undefined) return [...namesIn(join.larg), ...namesIn(join.rarg)];
  const { alias, relname = '', schemaname } = bodyOf(item, 'RangeVar') ?? {};
  const said = alias ?? bodyOf(item, 'RangeSubselect')?.alias ?? bodyOf(item, 'RangeFunction')?.alias;
  return [{ name: said?.aliasname ?? relname, schema: said === undefined ? schemaname : undefined }];
}

/** @throws Refusal 42712 */
function checkAliases(items: readonly Node[]): void {
  const all = items.flatMap(namesIn).filter(({ name }) => name !== '');
  const twice = all.find(({ name, schema }, at) =>
    all.slice(0, at).some((before) => before.name === name && before.schema === schema),
  );
  if (twice === undefined) return;
  const what = `table name "${twice.name}" specified more than once`;
  throw new Refusal(what, { sqlstate: '42712', isPlaceless: true });
}

/** Turns a LATERAL query after a comma into a join with the preceding items. */
function withLaterals(items: readonly Node[]): readonly Node[] {
  if (!items.some((item) => bodyOf(item, 'RangeSubselect')?.lateral === true)) return items;
  const [first, ...others] = items;
  const joined = others.reduce<Node | undefined>(
    (larg, rarg) => (larg === undefined ? rarg : { JoinExpr: { jointype: 'JOIN_INNER', larg, rarg, rtindex: 0 } }),
    first,
  );
  return joined === undefined ? [] : [joined];
}

interface Item {
  readonly sql: string;
  readonly tables: readonly VisibleTable[];
  readonly merged?: ReadonlyMap<string, MergedColumn>;
}

function printItem(p: Printing, item: Node, scope: Scope): Item {
  const table = bodyOf(item, 'RangeVar');
  if (table !== undefined) return printTableItem(p, table, scope);
  const query = bodyOf(item, 'RangeSubselect');
  if (query !== undefined) return printQueryItem(p, query, scope);
  const join = bodyOf(item, 'JoinExpr');
  if (join !== undefined) return printJoin(p, join, scope);
  const made = bodyOf(item, 'RangeFunction');
  if (made !== undefined) return printSeries(p, made, scope);
  return refuse(kindOf(item) === 'RangeTableSample' ? 'TABLESAMPLE' : kindOf(item), placeOf(item));
}

export function relationOf({ schemaname, relname }: RangeVar): RelationName {
  return { ...(schemaname === undefined ? {} : { schema: schemaname }), name: relname ?? '' };
}

export function printRelation(p: Printing, { catalogname, schemaname, relname, location }: RangeVar): string {
  if (catalogname !== undefined) return refuse('a table of another database', location);
  const name = identifier(relname ?? '', location);
  return schemaname === undefined ? name : `${schemaIdentifier(p.schemas.toIris(schemaname), location)}.${name}`;
}

function printTableItem(p: Printing, table: RangeVar, scope: Scope): Item {
  if (table.alias?.colnames !== undefined) return printRenamed(p, table, table.alias, scope);
  if (table.inh !== true) return refuse('ONLY', table.location);
  const named = namedBy(table, scope);
  const rows = named ?? tableRows(p, table);
  const name = table.alias?.aliasname;
  const as = (alias: string): string => ` AS ${identifier(alias, table.location)}`;
  const sql =
    named?.writtenOut === undefined
      ? printRelation(p, table) + (name === undefined ? '' : as(name))
      : `(${named.writtenOut})${as(name ?? table.relname ?? '')}`;
  return { sql, tables: [{ ...rows, alias: name ?? table.relname ?? '', isOuter: false }] };
}

/** Prints a table with column aliases as a query. */
function printRenamed(p: Printing, table: RangeVar, { aliasname = '', colnames }: Alias, scope: Scope): Item {
  const bare: RangeVar = { ...table };
  delete bare.alias;
  const { sql, tables } = printTableItem(p, bare, scope);
  const [{ columns, keys = [] } = { columns: undefined }] = tables;
  if (columns === undefined) return refuse('other names for columns that are not known', table.location);
  const said = namesOf(colnames);
  checkNames(`table "${aliasname}"`, columns.length, said.length, () => table.location);
  const renamed = columns.map((column, place) => ({ ...column, name: said[place] ?? column.name }));
  const list = columns.map(({ name }, place) =>
    said[place] === undefined ? identifier(name) : `${identifier(name)} AS ${identifier(said[place])}`,
  );
  const nameOf = (name: string): string => renamed[columns.findIndex((column) => column.name === name)]?.name ?? name;
  return {
    sql: `(SELECT ${list.join(', ')} FROM ${sql}) AS ${identifier(aliasname)}`,
    tables: [{ columns: renamed, keys: keys.map((key) => key.map(nameOf)), alias: aliasname, isOuter: false }],
  };
}

/** @throws Refusal 42P10 */
export function checkNames(what: string, columns: number, names: number, place: () => number | undefined): void {
  if (names > columns)
    throw new Refusal(`${what} has ${columns} columns available but ${names} columns specified`, {
      sqlstate: '42P10',
      location: place(),
    });
}

const namedBy = ({ schemaname, relname }: RangeVar, scope: Scope): NamedRows | undefined =>
  schemaname === undefined ? scope.withNamed(relname ?? '') : undefined;

/** Cached rows by the facts of a table. */
const rowsOf = new WeakMap<TableFacts, VisibleRows>();

function tableRows(p: Printing, table: RangeVar): VisibleRows {
  const facts = p.catalog.table(relationOf(table));
  if (facts === undefined) return { columns: undefined };
  const known = rowsOf.get(facts);
  if (known !== undefined) return known;
  const nullable = new Set(facts.columns.filter(({ isNullable }) => isNullable).map(({ name }) => name));
  const keys = facts.uniqueKeys.filter((key) => !key.some((name) => nullable.has(name)));
  const rows = { columns: facts.columns.map(visibleColumn), keys, hasRowId: facts.hasRowId === true };
  rowsOf.set(facts, rows);
  return rows;
}

function printQueryItem(p: Printing, { lateral, subquery, alias }: RangeSubselect, scope: Scope): Item {
  if (lateral === true)
    return refuse(
      'LATERAL',
      placeOf(subquery),
      'Write each value as a query in SELECT, or join a query with GROUP BY or row_number().',
    );
  const select = bodyOf(subquery, 'SelectStmt');
  if (select === undefined) return refuse('this query in FROM');
  // Without LATERAL it sees outer queries, but not its neighbours in FROM.
  const { sql, ...rows } = p.query(select, scope, { names: namesOf(alias?.colnames), isForClient: true });
  const name = alias?.aliasname ?? 'iris_subquery';
  const { columns } = rows;
  if (columns !== undefined)
    checkNames(`table "${name}"`, columns.length, alias?.colnames?.length ?? 0, () => placeOf(subquery));
  return { sql: `(${sql}) AS ${identifier(name)}`, tables: [{ ...rows, alias: name, isOuter: false }] };
}

function printSeries(p: Printing, made: RangeFunction, scope: Scope): Item {
  const { select, alias, columns, key } = seriesOf(p, made, scope);
  const { sql, ...rows } = p.query(select, scope, { names: columns });
  const keys = key === undefined ? [] : [[key]];
  return { sql: `(${sql}) AS ${identifier(alias)}`, tables: [{ ...rows, keys, alias, isOuter: false }] };
}

const joinWords: Readonly<Record<string, string>> = {
  JOIN_INNER: 'INNER JOIN',
  JOIN_LEFT: 'LEFT OUTER JOIN',
  JOIN_RIGHT: 'RIGHT OUTER JOIN',
  JOIN_FULL: 'FULL OUTER JOIN',
};

/** Prints a LATERAL join: expressions over the left row, or joined rows. */
function printLateral(p: Printing, join: JoinExpr, lateral: RangeSubselect, scope: Scope): Item {
  const left = printItem(p, join.larg ?? refuse('this join'), scope);
  const { jointype = 'JOIN_INNER', quals } = join;
  const isEach = (jointype === 'JOIN_INNER' || jointype === 'JOIN_LEFT') && (quals === undefined || isTrue(quals));
  const beside = isEach ? within(scope, left, () => printLateralItem(p, lateral, scope)) : undefined;
  if (beside === undefined) {
    const { tables, ...rest } = printJoin(
      p,
      within(scope, left, () => joinedByKeys(p, join, scope)),
      scope,
    );
    const bare = tables.map(({ columns, ...table }) => ({
      ...table,
      columns: columns?.filter(({ name }) => !isHidden(name)),
    }));
    return { ...rest, tables: bare };
  }
  const tables = [...left.tables, beside.table];
  const sql = beside.sql === undefined ? left.sql : `${left.sql} CROSS JOIN ${beside.sql}`;
  return { sql, tables, ...(left.merged === undefined ? {} : { merged: left.merged }) };
}

function printJoin(p: Printing, join: JoinExpr, scope: Scope): Item {
  const lateral = bodyOf(join.rarg, 'RangeSubselect');
  if (lateral?.lateral === true) return printLateral(p, join, lateral, scope);
  const { jointype = 'JOIN_INNER', larg, rarg, quals } = join;
  if (join.alias !== undefined || join.join_using_alias !== undefined)
    return refuse('an alias of a join', placeOf(larg));
  if (larg === undefined || rarg === undefined) return refuse('this join');
  const [left, right] = [printItem(p, larg, scope), printItem(p, rarg, scope)];
  const tables = [
    ...asOuter(left.tables, jointype === 'JOIN_RIGHT' || jointype === 'JOIN_FULL'),
    ...asOuter(right.tables, jointype === 'JOIN_LEFT' || jointype === 'JOIN_FULL'),
  ];
  hazardOf(p, { ...join, larg: asSent(larg, scope), rarg: asSent(rarg, scope) });
  const rightSql = bodyOf(rarg, 'JoinExpr') === undefined ? right.sql : `(${right.sql})`;
  const words = joinWords[jointype] ?? refuse('this kind of join');
  const merged = new Map([...(left.merged ?? []), ...(right.merged ?? [])]);
  const using = join.isNatural === true ? commonNames(left, right, placeOf(rarg)) : namesOf(join.usingClause);
  if (using.length > 0) {
    const pairs = using.map((name) => usingPair(left, right, name, jointype));
    for (const pair of pairs) merged.set(pair.column.name, pair);
    const condition = pairs.map(({ condition: each }) => each).join(' AND ');
    return { sql: `${left.sql} ${words} ${rightSql} ON ${condition}`, tables, merged };
  }
  if (quals === undefined && jointype !== 'JOIN_INNER')
    return { sql: `${left.sql} ${words} ${rightSql} ON 1 = 1`, tables, merged };
  if (quals === undefined) return { sql: `${left.sql} CROSS JOIN ${rightSql}`, tables, merged };
  const condition = printCondition(p, quals, scope, { sql: '', tables, merged });
  return { sql: `${left.sql} ${words} ${rightSql} ON ${condition}`, tables, merged };
}

/** The columns of a NATURAL join: those that both sides have, in the order of the left one. */
function commonNames(left: Item, right: Item, location?: number): readonly string[] {
  const namesIn = ({ tables, merged }: Item): readonly string[] => {
    if (tables.some(({ columns }) => columns === undefined))
      return refuse('NATURAL JOIN of tables of unknown columns', location, 'Write ON.');
    return [...(merged?.keys() ?? []), ...tables.flatMap(({ columns = [] }) => columns.map(({ name }) => name))];
  };
  const ofRight = new Set(namesIn(right));
  return [...new Set(namesIn(left))].filter((name) => ofRight.has(name));
}

/** Replaces a reference to a WITH query by the query. */
function asSent(side: Node, scope: Scope): Node {
  const join = bodyOf(side, 'JoinExpr');
  if (join?.larg !== undefined && join.rarg !== undefined)
    return { JoinExpr: { ...join, larg: asSent(join.larg, scope), rarg: asSent(join.rarg, scope) } };
  const table = bodyOf(side, 'RangeVar');
  const select = table === undefined ? undefined : namedBy(table, scope)?.select;
  return select === undefined ? side : { RangeSubselect: { subquery: { SelectStmt: select } } };
}

const asOuter = (tables: readonly VisibleTable[], isOuter: boolean): readonly VisibleTable[] =>
  isOuter ? tables.map((table) => ({ ...table, isOuter: true })) : tables;

/** Prints a join condition, which sees the two sides only. */
const printCondition = (p: Printing, quals: Node, scope: Scope, sides: Item): string =>
  within(scope, sides, () => withoutWindows(scope, 'JOIN conditions', quals, () => p.predicate(quals, scope)));

/** Prints within a scope of some tables of FROM only. */
function within<T>(scope: Scope, { tables, merged }: Item, print: () => T): T {
  const before = { tables: scope.tables.length, merged: [...scope.merged] };
  scope.tables.push(...tables);
  for (const [name, column] of merged ?? []) scope.merged.set(name, column);
  const printed = print();
  scope.tables.length = before.tables;
  scope.merged.clear();
  for (const [name, column] of before.merged) scope.merged.set(name, column);
  return printed;
}

/** Prints a USING column as an ON condition: IRIS would compare text by collation, and finds unqualified names ambiguous. */
function usingPair(left: Item, right: Item, name: string, jointype: string): MergedColumn & { condition: string } {
  const [one, other] = [usedColumn(left, name), usedColumn(right, name)];
  const sides = [one, other].map(({ sql, column: { type, isExact } }) => {
    return isExact || (type !== undefined && !textTypes.has(type)) ? sql : `%EXACT(${sql})`;
  });
  const kept = jointype === 'JOIN_RIGHT' ? other : one;
  const isFull = jointype === 'JOIN_FULL';
  const [modifiers, others] = [one, other].map(({ column }) => column.facts?.modifiers ?? column.modifiers);
  return {
    condition: sides.join(' = '),
    sql: isFull ? `COALESCE(${one.sql}, ${other.sql})` : kept.sql,
    column: {
      name,
      type: one.column.type === other.column.type ? one.column.type : wider(one.column.type, other.column.type),
      isNullable: isFull ? one.column.isNullable || other.column.isNullable : kept.column.isNullable,
      isExact: one.column.isExact && other.column.isExact,
      ...(modifiers !== undefined && String(modifiers) === String(others) ? { modifiers } : {}),
    },
    aliases: [...one.aliases, ...other.aliases],
  };
}

function usedColumn({ tables, merged }: Item, name: string): MergedColumn {
  const known = merged?.get(name);
  if (known !== undefined) return known;
  if (tables.some(({ columns }) => columns === undefined))
    return refuse('USING with tables of unknown columns', undefined, 'Write ON.');
  const owners = tables.filter((table) => columnNamed(table, name) !== undefined);
  const [owner, ...more] = owners;
  const column = owner === undefined ? undefined : columnNamed(owner, name);
  if (owner === undefined || column === undefined)
    throw new Refusal(`column "${name}" specified in USING clause does not exist`, { sqlstate: '42703' });
  if (more.length > 0) throw new Refusal(`common column name "${name}" appears more than once`, { sqlstate: '42702' });
  if (column.computation !== undefined) return refuse(`USING of "${name}", of which the proxy makes the text`);
  const isNullable = column.isNullable || owner.isOuter;
  return {
    sql: `${identifier(owner.alias)}.${identifier(name)}`,
    column: { ...column, isNullable },
    aliases: [owner.alias],
  };
}
