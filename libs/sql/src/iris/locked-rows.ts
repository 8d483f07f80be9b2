import type { LockingClause, Node, RangeVar, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, namesOf } from '../ast.ts';
import type { ColumnFacts, TableFacts } from './catalog.ts';
import { rowByKey, type PrintedChange, type PrintedStep } from './changes.ts';
import { printRelation, relationOf } from './from.ts';
import { isAggregate } from './grouping.ts';
import { callOf, columnOf, target } from './node-builders.ts';
import { identifier } from './names.ts';
import { integerTypes, timeTypes, type PgType } from './pg-type.ts';
import type { PrintedQuery, Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { rowId } from './row-id.ts';
import { Scope, visibleColumn, type VisibleColumn } from './scope.ts';
import { noResult, placeOfResult } from './targets.ts';

/**
 * Prints SELECT ... FOR UPDATE. In IRIS, only changing a row locks it until the end of the transaction, so a column is updated to itself.
 * The rows' ids are read before, and the rows after locking, by the same condition, as other sessions may have changed them in between.
 * @param printed the query as printed by printQuery
 */
export function printLockedRows(
  p: Printing,
  select: SelectStmt,
  printed: (select: SelectStmt, among?: string) => PrintedQuery,
): PrintedChange {
  const { lockingClause = [], ...query } = select;
  const locking = bodyOf(lockingClause[0], 'LockingClause') ?? {};
  checkLockable(query, locking);
  const items = (select.fromClause ?? []).flatMap((node) => itemsOf(node, false));
  const table = lockedTable(p, query, lockingClause, items);
  const facts = p.catalog.table(relationOf(table));
  if (facts?.hasRowId !== true)
    return refuse(
      `${wordsOf(locking)} of rows of a view, or of an unknown table`,
      table.location,
      'Name a table with OF.',
    );
  checkRepeatable(query.whereClause, wordsOf(locking));
  checkRepeatable(query.fromClause, wordsOf(locking));
  const name = aliasOf(table);
  const relation = printRelation(p, table) + (table.alias === undefined ? '' : ` AS ${identifier(name)}`);
  const column = identifier(columnToSet(facts, table).name);
  const lock = `UPDATE ${relation} SET ${column} = ${column}`;
  const waits = locking.waitPolicy === 'LockWaitError' ? { isNowait: true } : {};
  const { limitCount, limitOffset, ...unlimited } = query;
  const isLimited = limitCount !== undefined || limitOffset !== undefined;
  const isAlone = items.length === 1;
  const byKey = isAlone && !isLimited ? ownRow(p, query, facts, table) : undefined;
  if (byKey !== undefined) {
    const { sql, columns } = printed(query);
    return changeOf(
      [
        { sql: `${lock} WHERE ${byKey}`, isResult: false, ...waits },
        { sql, isResult: true, only: 'afterChange' },
      ],
      columns,
    );
  }
  if (!isAlone && limitOffset !== undefined)
    return refuse(`${wordsOf(locking)} with OFFSET over a join`, placeOf(limitOffset));
  const isLocked = `${identifier(name)}.%ID %INLIST ${p.marks.keptRows()}`;
  const { sql, columns } = printed(isAlone ? { ...unlimited, limitOption: 'LIMIT_OPTION_DEFAULT' } : query, isLocked);
  const only: PrintedStep['only'] = isLimited && isAlone ? 'ofRowsRead' : undefined;
  return changeOf(
    [
      { sql: rowIdsOf(p, query, name, isLimited, isAlone), isResult: false, kept: [rowIdColumn] },
      { sql: `${lock} WHERE ${isLocked}`, isResult: false, only: 'ofRowsRead', ...waits },
      { sql, isResult: true, ...(only === undefined ? {} : { only }) },
    ],
    columns,
  );
}

const changeOf = (steps: readonly PrintedStep[], columns: readonly VisibleColumn[] | undefined): PrintedChange => ({
  steps,
  ...(columns === undefined ? {} : { columns }),
});

const rowIdColumn: VisibleColumn = { name: 'iris_id', type: 'text', isNullable: false, isExact: true };

const words: Readonly<Record<string, string>> = {
  LCS_FORUPDATE: 'FOR UPDATE',
  LCS_FORNOKEYUPDATE: 'FOR NO KEY UPDATE',
  LCS_FORSHARE: 'FOR SHARE',
  LCS_FORKEYSHARE: 'FOR KEY SHARE',
};

const wordsOf = ({ strength }: LockingClause): string => words[strength ?? ''] ?? 'FOR UPDATE';

/** Refuses what PostgreSQL or IRIS cannot lock. @throws Refusal 0A000 */
function checkLockable(select: SelectStmt, locking: LockingClause): void {
  const { op = 'SETOP_NONE', targetList } = select;
  const isWindow = (node: Node): boolean => bodyOf(node, 'FuncCall')?.over !== undefined;
  const parts: readonly (readonly [is: boolean, what: string])[] = [
    [op !== 'SETOP_NONE', 'UNION/INTERSECT/EXCEPT'],
    [select.valuesLists !== undefined, 'VALUES'],
    [select.distinctClause !== undefined, 'DISTINCT clause'],
    [select.groupClause !== undefined, 'GROUP BY clause'],
    [select.havingClause !== undefined, 'HAVING clause'],
    [hasPart(targetList, isAggregate), 'aggregate functions'],
    [hasPart(targetList, isWindow), 'window functions'],
  ];
  const part = parts.find(([is]) => is)?.[1];
  if (part !== undefined) throw new Refusal(`${wordsOf(locking)} is not allowed with ${part}`);
  if (locking.waitPolicy === 'LockWaitSkip')
    refuse(
      'SKIP LOCKED',
      placeOf(locking),
      'IRIS cannot skip locked rows. Use NOWAIT, which fails with 55P03 on a locked row, and retry.',
    );
}

interface Item {
  readonly node: Node;
  /** The outer side of an outer join. */
  readonly isOuter: boolean;
}

function itemsOf(node: Node, isOuter: boolean): readonly Item[] {
  const { larg, rarg, jointype } = bodyOf(node, 'JoinExpr') ?? {};
  if (larg === undefined || rarg === undefined) return [{ node, isOuter }];
  return [
    ...itemsOf(larg, isOuter || jointype === 'JOIN_RIGHT' || jointype === 'JOIN_FULL'),
    ...itemsOf(rarg, isOuter || jointype === 'JOIN_LEFT' || jointype === 'JOIN_FULL'),
  ];
}

const aliasOf = ({ alias, relname }: RangeVar): string => alias?.aliasname ?? relname ?? '';

/** The one table whose rows are locked. @throws Refusal */
function lockedTable(
  p: Printing,
  { withClause }: SelectStmt,
  clauses: readonly Node[],
  items: readonly Item[],
): RangeVar {
  const locking = bodyOf(clauses[0], 'LockingClause') ?? {};
  const said = clauses.flatMap((node) => bodyOf(node, 'LockingClause')?.lockedRels ?? []);
  const named = said.map((node) => bodyOf(node, 'RangeVar') ?? {});
  const several = (): never =>
    refuse(`${wordsOf(locking)} of rows of several tables`, named[1]?.location, 'Say of which table: FOR UPDATE OF t.');
  if (clauses.length > 1 || named.length > 1 || (named.length === 0 && items.length > 1)) return several();
  const [name] = named;
  const isNamed = ({ node }: Item): boolean =>
    name === undefined || aliasOf(bodyOf(node, 'RangeVar') ?? {}) === name.relname;
  const item = items.find(isNamed);
  if (item === undefined && name !== undefined)
    throw new Refusal(`relation "${name.relname ?? ''}" in ${wordsOf(locking)} clause not found in FROM clause`, {
      sqlstate: '42P01',
      location: name.location,
    });
  if (item?.isOuter === true)
    throw new Refusal(`${wordsOf(locking)} cannot be applied to the nullable side of an outer join`, {
      location: name?.location,
    });
  const table = bodyOf(item?.node, 'RangeVar');
  const ctes = namesOfQueries(withClause?.ctes);
  if (table === undefined || (table.schemaname === undefined && ctes.has(table.relname ?? '')))
    return refuse(`${wordsOf(locking)} of rows of no table`, name?.location ?? placeOf(item?.node));
  return table;
}

const namesOfQueries = (ctes: readonly Node[] = []): ReadonlySet<string> =>
  new Set(ctes.map((node) => bodyOf(node, 'CommonTableExpr')?.ctename ?? ''));

/** Types that are cheap to update. */
const small: ReadonlySet<PgType | undefined> = new Set([
  ...integerTypes,
  ...timeTypes,
  'bool',
  'numeric',
  'float8',
  'float4',
]);

/** The column to update: outside of all keys, and not generated. */
function columnToSet({ columns, uniqueKeys }: TableFacts, { location }: RangeVar): ColumnFacts {
  const keys = new Set(uniqueKeys.flat());
  const free = columns.filter(({ name, isIdentity }) => !keys.has(name) && isIdentity !== true);
  const isText = ({ type }: ColumnFacts): boolean => type === 'varchar' || type === 'bpchar';
  return (
    free.find(({ type }) => small.has(type)) ??
    free.find(isText) ??
    refuse('FOR UPDATE of rows of a table that has nothing but keys', location, 'Change them.')
  );
}

/** The condition, if it selects one row at most. */
function ownRow(p: Printing, { whereClause }: SelectStmt, facts: TableFacts, table: RangeVar): string | undefined {
  if (whereClause === undefined) return undefined;
  const scope = new Scope();
  scope.tables.push({ alias: aliasOf(table), columns: facts.columns.map(visibleColumn), isOuter: false });
  return rowByKey({ whereClause }, facts, scope) === undefined ? undefined : p.predicate(whereClause, scope);
}

/** The query for the %ID of the rows. */
function rowIdsOf(p: Printing, query: SelectStmt, name: string, isLimited: boolean, isAlone: boolean): string {
  const id = target('iris_id', callOf(rowId, columnOf(name)));
  const { sortClause, ...rest } = query;
  const sorted =
    isLimited && sortClause !== undefined ? { sortClause: sortClause.map((each) => asSaid(each, query)) } : {};
  const { sql } = p.query({ ...rest, ...sorted, targetList: [id] }, undefined);
  if (isAlone) return sql;
  return `SELECT DISTINCT iris_id FROM (${sql}) AS iris_l`;
}

/** Resolves a key of ORDER BY that is an output name or number. */
function asSaid(clause: Node, { targetList = [] }: SelectStmt): Node {
  const sort = bodyOf(clause, 'SortBy') ?? {};
  const targets = targetList.map((node) => bodyOf(node, 'ResTarget') ?? {});
  const place = placeOfResult(sort.node, 'ORDER BY');
  const isStar = targets.some(({ val }) => bodyOf(bodyOf(val, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined);
  if (place !== undefined && isStar) return refuse('ORDER BY a number over *', placeOf(sort.node));
  const fields = bodyOf(sort.node, 'ColumnRef')?.fields ?? [];
  const [label] = fields.length === 1 ? namesOf(fields) : [];
  const said =
    place === undefined
      ? targets.find(({ name }) => name !== undefined && name === label)?.val
      : (targets[place - 1]?.val ?? noResult(sort.node, 'ORDER BY'));
  return said === undefined ? clause : { SortBy: { ...sort, node: said } };
}
