import type { SelectStmt, WithClause } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { Block } from './block.ts';
import { checkNames } from './from.ts';
import { hasGroupingSets, printGroupingSets } from './grouping-sets.ts';
import { identifier } from './names.ts';
import { hasOrderedSets, withoutOrderedSets } from './ordered-sets.ts';
import type { PrintedQuery, Printing, QueryOptions } from './printing.ts';
import { checkForward, levelsMax, recursionOf, type Recursion } from './recursion.ts';
import { placeOf, refuse } from './refusal.ts';
import { isRepeatable } from './repeatable.ts';
import { Scope, type NamedRows } from './scope.ts';
import { hasSeries, withoutSeries } from './series-targets.ts';
import { printSetOperation, printValues } from './set-operations.ts';

/** Prints SELECT or VALUES with all clauses. */
export function printQuery(
  p: Printing,
  select: SelectStmt,
  outer: Scope | undefined,
  options: QueryOptions = {},
): PrintedQuery {
  if (select.lockingClause !== undefined)
    return refuse(
      'FOR UPDATE inside a statement',
      placeOf(select.lockingClause),
      'Lock the rows by a statement before it.',
    );
  if (select.intoClause !== undefined)
    return refuse('SELECT INTO', placeOf(select.intoClause), 'Write CREATE TABLE and INSERT.');
  const scope = new Scope(outer);
  const prefix = select.withClause === undefined ? '' : printWith(p, select.withClause, scope, options);
  const query = printBody(p, select, scope, options);
  return { ...query, sql: prefix + query.sql };
}

/** Maximum length of an expanded WITH query, as each may refer to others several times. */
const writtenOutMax = 64 * 1024;

/** Prints WITH; if IRIS does not support it, references are replaced by the queries. */
export function printWith(p: Printing, clause: WithClause, scope: Scope, { isTop }: QueryOptions): string {
  const isNative = isTop === true && p.dialect.has('withClause');
  const ctes = (clause.ctes ?? []).map((node) => bodyOf(node, 'CommonTableExpr') ?? {});
  if (clause.recursive === true) checkForward(ctes);
  const parts: string[] = [];
  const define = (ctename: string, select: SelectStmt, { names, location }: Defined): NamedRows => {
    const { sql, ...rows } = printQuery(p, select, scope, { names, isForClient: true });
    if (rows.columns !== undefined)
      checkNames(`WITH query "${ctename}"`, rows.columns.length, names.length, () => location);
    if (!isNative) checkWrittenOut(p, select, sql, location);
    const named = { ...rows, select, ...(isNative ? {} : { writtenOut: sql }) };
    scope.named.set(ctename, named);
    parts.push(`${identifier(ctename, location)} AS (${sql})`);
    return named;
  };
  const withAll = (): string => (isNative ? `WITH ${parts.join(', ')} ` : '');
  for (const cte of ctes) {
    const { ctename = '', ctequery, aliascolnames, location } = cte;
    const select = bodyOf(ctequery, 'SelectStmt');
    if (select === undefined)
      return refuse(
        'WITH containing a statement that changes rows',
        location,
        'Run that statement on its own with RETURNING, then the query, in one transaction.',
      );
    const defined = { names: namesOf(aliascolnames), location };
    const recursion = clause.recursive === true ? recursionOf(cte) : undefined;
    if (recursion === undefined) define(ctename, select, defined);
    else if (isTop !== true) return refuse('WITH RECURSIVE inside a statement', location, 'Write it before SELECT.');
    else p.checks.push(printLevels(ctename, recursion, defined, define, withAll));
  }
  return withAll();
}

interface Defined {
  readonly names: readonly string[];
  readonly location: number | undefined;
}

/**
 * Prints a recursive query as one query per level, and one for all of them.
 * @returns the query for rows of the first level beyond the expanded ones
 */
function printLevels(
  ctename: string,
  recursion: Recursion,
  defined: Defined,
  define: (name: string, select: SelectStmt, defined: Defined) => NamedRows,
  withAll: () => string,
): string {
  const levels = Array.from({ length: levelsMax + 2 }, (_, level) => `iris_${level}_${ctename}`);
  const [first = '', ...others] = levels;
  const { columns } = define(first, recursion.first, defined);
  if (columns === undefined)
    return refuse('a recursive query of unknown columns', defined.location, 'Name the columns.');
  const names = { ...defined, names: columns.map(({ name }) => name) };
  let last: NamedRows | undefined;
  for (const [before, level] of others.entries()) last = define(level, recursion.next(levels[before] ?? ''), names);
  const name = levels.at(-1) ?? '';
  const isBeyond = last?.writtenOut === undefined ? identifier(name) : `(${last.writtenOut}) AS iris_l`;
  const check = `${withAll()}SELECT TOP 1 1 AS iris_n FROM ${isBeyond}`;
  define(ctename, recursion.all(levels.slice(0, -1)), names);
  return check;
}

/** @throws Refusal */
function checkWrittenOut(p: Printing, select: SelectStmt, sql: string, location: number | undefined): void {
  if (sql.length > writtenOutMax)
    refuse(
      'WITH of this size here',
      location,
      `It is written out where it is named before IRIS ${p.dialect.since('withClause')}, and inside a query.`,
    );
  if (!isRepeatable(select))
    refuse(
      'WITH of a function that may answer otherwise the next time',
      location,
      'It would run once for each mention.',
    );
}

function printBody(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  if (select.op !== undefined && select.op !== 'SETOP_NONE') return printSetOperation(p, select, scope, options);
  if (select.valuesLists !== undefined) return printValues(p, select, scope, options);
  if (hasOrderedSets(select)) {
    const { select: plain, made: computations } = withoutOrderedSets(p, select, scope, options);
    return printBody(p, plain, scope, { ...options, computations });
  }
  if (hasSeries(select)) return printBody(p, withoutSeries(p, select, scope), scope, options);
  if (hasGroupingSets(select)) return printGroupingSets(p, select, scope, options);
  return new Block(p, select, scope, options).print();
}
