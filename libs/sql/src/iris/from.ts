import type { JoinExpr, Node, RangeSubselect, RangeVar } from 'libpg-query';
import { bodyOf, kindOf, namesOf } from '../ast.ts';
import type { TableFacts } from './catalog.ts';
import type { RelationName } from '../statement.ts';
import { hazardOf } from './guards.ts';
import { textTypes } from './pg-type.ts';
import { identifier, schemaIdentifier } from './names.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import {
  columnNamed,
  seenColumn,
  type MergedColumn,
  type NamedRows,
  type Scope,
  type SeenRows,
  type SeenTable,
} from './scope.ts';

/** FROM, and what of it the query sees from then on. */
export function printFrom(p: Printing, items: readonly Node[], scope: Scope): string {
  return items
    .map((item) => {
      const { sql, tables, merged } = printItem(p, item, scope);
      scope.tables.push(...tables);
      for (const [name, column] of merged ?? []) scope.merged.set(name, column);
      return sql;
    })
    .join(', ');
}

interface Item {
  readonly sql: string;
  readonly tables: readonly SeenTable[];
  readonly merged?: ReadonlyMap<string, MergedColumn>;
}

function printItem(p: Printing, item: Node, scope: Scope): Item {
  const table = bodyOf(item, 'RangeVar');
  if (table !== undefined) return printTableItem(p, table, scope);
  const query = bodyOf(item, 'RangeSubselect');
  if (query !== undefined) return printQueryItem(p, query, scope);
  const join = bodyOf(item, 'JoinExpr');
  if (join !== undefined) return printJoin(p, join, scope);
  const words = { RangeFunction: 'a function in FROM', RangeTableSample: 'TABLESAMPLE' } as Readonly<
    Record<string, string>
  >;
  return refuse(words[kindOf(item)] ?? kindOf(item), placeOf(item));
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
  if (table.alias?.colnames !== undefined) return refuse('a table with other names for its columns', table.location);
  if (table.inh !== true) return refuse('ONLY', table.location);
  const named = namedBy(table, scope);
  const rows = named ?? tableRows(p, table);
  const name = table.alias?.aliasname;
  const as = (alias: string): string => ` AS ${identifier(alias, table.location)}`;
  const sql =
    named?.writtenOut === undefined
      ? printRelation(p, table) + (name === undefined ? '' : as(name))
      : `(${named.writtenOut.sql})${as(name ?? table.relname ?? '')}`;
  return { sql, tables: [{ ...rows, alias: name ?? table.relname ?? '', isOuter: false }] };
}

const namedBy = ({ schemaname, relname }: RangeVar, scope: Scope): NamedRows | undefined =>
  schemaname === undefined ? scope.withNamed(relname ?? '') : undefined;

/** By what the catalogue says, as long as it says that. */
const rowsOf = new WeakMap<TableFacts, SeenRows>();

function tableRows(p: Printing, table: RangeVar): SeenRows {
  const facts = p.catalog.table(relationOf(table));
  if (facts === undefined) return { columns: undefined };
  const known = rowsOf.get(facts);
  if (known !== undefined) return known;
  const nullable = new Set(facts.columns.filter(({ isNullable }) => isNullable).map(({ name }) => name));
  const keys = facts.uniqueKeys.filter((key) => !key.some((name) => nullable.has(name)));
  const rows = { columns: facts.columns.map(seenColumn), keys };
  rowsOf.set(facts, rows);
  return rows;
}

function printQueryItem(p: Printing, { lateral, subquery, alias }: RangeSubselect, scope: Scope): Item {
  if (lateral === true) return refuse('LATERAL', placeOf(subquery));
  const select = bodyOf(subquery, 'SelectStmt');
  if (select === undefined) return refuse('this query in FROM');
  // Not correlated: it sees what is around the query, not its neighbours.
  const { sql, ...rows } = p.query(select, scope, { names: namesOf(alias?.colnames) });
  const name = alias?.aliasname ?? 'iris_subquery';
  return { sql: `(${sql}) AS ${identifier(name)}`, tables: [{ ...rows, alias: name, isOuter: false }] };
}

const joinWords: Readonly<Record<string, string>> = {
  JOIN_INNER: 'INNER JOIN',
  JOIN_LEFT: 'LEFT OUTER JOIN',
  JOIN_RIGHT: 'RIGHT OUTER JOIN',
  JOIN_FULL: 'FULL OUTER JOIN',
};

function printJoin(p: Printing, join: JoinExpr, scope: Scope): Item {
  const { jointype = 'JOIN_INNER', larg, rarg, quals, usingClause } = join;
  if (join.isNatural === true) return refuse('NATURAL JOIN', placeOf(rarg), 'Write ON.');
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
  if (usingClause !== undefined) {
    const pairs = namesOf(usingClause).map((name) => usingPair(left, right, name, jointype));
    for (const pair of pairs) merged.set(pair.column.name, pair);
    const condition = pairs.map(({ condition: each }) => each).join(' AND ');
    return { sql: `${left.sql} ${words} ${rightSql} ON ${condition}`, tables, merged };
  }
  if (quals === undefined) return { sql: `${left.sql} CROSS JOIN ${rightSql}`, tables, merged };
  const condition = printCondition(p, quals, scope, { sql: '', tables, merged });
  return { sql: `${left.sql} ${words} ${rightSql} ON ${condition}`, tables, merged };
}

/** A name that is written out is a query to IRIS. */
function asSent(side: Node, scope: Scope): Node {
  const table = bodyOf(side, 'RangeVar');
  const select = table === undefined ? undefined : namedBy(table, scope)?.writtenOut?.select;
  return select === undefined ? side : { RangeSubselect: { subquery: { SelectStmt: select } } };
}

const asOuter = (tables: readonly SeenTable[], isOuter: boolean): readonly SeenTable[] =>
  isOuter ? tables.map((table) => ({ ...table, isOuter: true })) : tables;

/** The condition sees the two sides before the rest of FROM does. */
function printCondition(p: Printing, quals: Node, scope: Scope, { tables, merged }: Item): string {
  const before = { tables: scope.tables.length, merged: [...scope.merged] };
  scope.tables.push(...tables);
  for (const [name, column] of merged ?? []) scope.merged.set(name, column);
  const printed = p.predicate(quals, scope);
  scope.tables.length = before.tables;
  scope.merged.clear();
  for (const [name, column] of before.merged) scope.merged.set(name, column);
  return printed;
}

/** USING as ON: IRIS would join text by its collation, and does not say whose column a bare name is. */
function usingPair(left: Item, right: Item, name: string, jointype: string): MergedColumn & { condition: string } {
  const [one, other] = [usedColumn(left, name), usedColumn(right, name)];
  const sides = [one, other].map(({ sql, column: { type, isExact } }) => {
    return isExact || (type !== undefined && !textTypes.has(type)) ? sql : `%EXACT(${sql})`;
  });
  const kept = jointype === 'JOIN_RIGHT' ? other : one;
  const isFull = jointype === 'JOIN_FULL';
  return {
    condition: sides.join(' = '),
    sql: isFull ? `COALESCE(${one.sql}, ${other.sql})` : kept.sql,
    column: {
      name,
      type: one.column.type === other.column.type ? one.column.type : undefined,
      isNullable: isFull ? one.column.isNullable || other.column.isNullable : kept.column.isNullable,
      isExact: one.column.isExact && other.column.isExact,
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
  const isNullable = column.isNullable || owner.isOuter;
  return {
    sql: `${identifier(owner.alias)}.${identifier(name)}`,
    column: { ...column, isNullable },
    aliases: [owner.alias],
  };
}
