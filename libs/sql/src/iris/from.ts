import type { JoinExpr, Node, RangeSubselect, RangeVar } from 'libpg-query';
import { bodyOf, kindOf, namesOf } from '../ast.ts';
import type { RelationName } from '../statement.ts';
import { hazardOf } from './guards.ts';
import { numberTypes } from './pg-type.ts';
import { identifier, schemaIdentifier } from './names.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { seenColumn, type Scope, type SeenColumn, type SeenTable } from './scope.ts';
import { printSubquery } from './query.ts';

/** FROM, and what of it the query sees from then on. */
export function printFrom(p: Printing, items: readonly Node[], scope: Scope): string {
  return items
    .map((item) => {
      const { sql, tables } = printItem(p, item, scope);
      scope.tables.push(...tables);
      return sql;
    })
    .join(', ');
}

interface Item {
  readonly sql: string;
  readonly tables: readonly SeenTable[];
}

function printItem(p: Printing, item: Node, scope: Scope): Item {
  const table = bodyOf(item, 'RangeVar');
  if (table !== undefined) return printTableItem(p, table, scope);
  const query = bodyOf(item, 'RangeSubselect');
  if (query !== undefined) return printQueryItem(p, query, scope);
  const join = bodyOf(item, 'JoinExpr');
  if (join !== undefined) return printJoin(p, join, scope);
  return refuse(kindOf(item) === 'RangeFunction' ? 'a function in FROM' : kindOf(item));
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
  const { columns } = tableColumns(p, table, scope);
  const name = table.alias?.aliasname;
  const sql = printRelation(p, table) + (name === undefined ? '' : ` AS ${identifier(name, table.location)}`);
  return { sql, tables: [{ alias: name ?? table.relname ?? '', columns, isOuter: false }] };
}

function tableColumns(p: Printing, table: RangeVar, scope: Scope): { columns: readonly SeenColumn[] | undefined } {
  const named = table.schemaname === undefined ? scope.withNamed(table.relname ?? '') : undefined;
  if (named !== undefined) return named;
  return { columns: p.catalog.table(relationOf(table))?.columns.map(seenColumn) };
}

function printQueryItem(p: Printing, { lateral, subquery, alias }: RangeSubselect, scope: Scope): Item {
  if (lateral === true) return refuse('LATERAL');
  const select = bodyOf(subquery, 'SelectStmt');
  if (select === undefined) return refuse('this query in FROM');
  // Not correlated: it sees what is around the query, not its neighbours.
  const { sql, columns } = printSubquery(p, select, scope, namesOf(alias?.colnames));
  const name = alias?.aliasname ?? 'iris_subquery';
  return { sql: `(${sql}) AS ${identifier(name)}`, tables: [{ alias: name, columns, isOuter: false }] };
}

const joinWords: Readonly<Record<string, string>> = {
  JOIN_INNER: 'INNER JOIN',
  JOIN_LEFT: 'LEFT OUTER JOIN',
  JOIN_RIGHT: 'RIGHT OUTER JOIN',
  JOIN_FULL: 'FULL OUTER JOIN',
};

function printJoin(p: Printing, join: JoinExpr, scope: Scope): Item {
  const { jointype = 'JOIN_INNER', larg, rarg, quals, usingClause } = join;
  if (join.isNatural === true) return refuse('NATURAL JOIN', undefined, 'Write ON.');
  if (join.alias !== undefined || join.join_using_alias !== undefined) return refuse('an alias of a join');
  if (larg === undefined || rarg === undefined) return refuse('this join');
  const [left, right] = [printItem(p, larg, scope), printItem(p, rarg, scope)];
  const tables = [
    ...asOuter(left.tables, jointype === 'JOIN_RIGHT' || jointype === 'JOIN_FULL'),
    ...asOuter(right.tables, jointype === 'JOIN_LEFT' || jointype === 'JOIN_FULL'),
  ];
  hazardOf(p, join);
  const rightSql = bodyOf(rarg, 'JoinExpr') === undefined ? right.sql : `(${right.sql})`;
  const words = joinWords[jointype] ?? refuse('this kind of join');
  if (usingClause !== undefined)
    return { sql: printUsing(left, rightSql, words, namesOf(usingClause), tables), tables };
  if (quals === undefined) return { sql: `${left.sql} CROSS JOIN ${rightSql}`, tables };
  return { sql: `${left.sql} ${words} ${rightSql} ON ${printCondition(p, quals, scope, tables)}`, tables };
}

const asOuter = (tables: readonly SeenTable[], isOuter: boolean): readonly SeenTable[] =>
  isOuter ? tables.map((table) => ({ ...table, isOuter: true })) : tables;

/** The condition sees the two sides before the rest of FROM does. */
function printCondition(p: Printing, quals: Node, scope: Scope, tables: readonly SeenTable[]): string {
  const before = scope.tables.length;
  scope.tables.push(...tables);
  const printed = p.predicate(quals, scope);
  scope.tables.length = before;
  return printed;
}

/** IRIS joins text by its collation: columns of numbers are joined alike. */
function printUsing(
  left: Item,
  right: string,
  words: string,
  names: readonly string[],
  tables: readonly SeenTable[],
): string {
  for (const name of names) {
    const columns = tables.flatMap((table) => table.columns?.filter((column) => column.name === name) ?? []);
    const isSafe = columns.length === 2 && columns.every(({ type, isExact }) => numberTypes.has(type) || isExact);
    if (!isSafe) return refuse('USING with columns that may be text', undefined, 'Write ON.');
  }
  return `${left.sql} ${words} ${right} USING (${names.map((name) => identifier(name)).join(', ')})`;
}
