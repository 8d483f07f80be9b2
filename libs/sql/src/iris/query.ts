import type { SelectStmt, WithClause } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { Block } from './block.ts';
import { checkNames } from './from.ts';
import { hasGroupingSets, printGroupingSets } from './grouping-sets.ts';
import { identifier } from './names.ts';
import { hasOrderedSets, withoutOrderedSets } from './ordered-sets.ts';
import type { PrintedQuery, Printing, QueryOptions } from './printing.ts';
import { placeOf, refuse } from './refusal.ts';
import { isRepeatable } from './repeatable.ts';
import { Scope } from './scope.ts';
import { hasSeries, withoutSeries } from './series-targets.ts';
import { printSetOperation, printValues } from './set-operations.ts';

/** SELECT and VALUES, with all that may hang on it. */
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

/** Characters of a query that is written out: each may name others several times. */
const writtenOutMax = 64 * 1024;

/** WITH at the front of a statement; where IRIS takes none a query stands wherever it is named. */
export function printWith(p: Printing, clause: WithClause, scope: Scope, { isTop }: QueryOptions): string {
  if (clause.recursive === true)
    return refuse('WITH RECURSIVE', clause.location ?? 0, 'IRIS has none: join the table once for each level.');
  const isNative = isTop === true && p.dialect.has('withClause');
  const parts = (clause.ctes ?? []).map((node) => {
    const { ctename = '', ctequery, aliascolnames, location } = bodyOf(node, 'CommonTableExpr') ?? {};
    const select = bodyOf(ctequery, 'SelectStmt');
    if (select === undefined) return refuse('WITH of a statement that changes rows', location);
    const { sql, ...rows } = printQuery(p, select, scope, { names: namesOf(aliascolnames) });
    if (rows.columns !== undefined)
      checkNames(`WITH query "${ctename}"`, rows.columns.length, aliascolnames?.length ?? 0, () => location);
    if (!isNative && sql.length > writtenOutMax)
      return refuse(
        'WITH of this size here',
        location,
        `It is written out where it is named before IRIS ${p.dialect.since('withClause')}, and inside a query.`,
      );
    if (!isNative && !isRepeatable(select))
      return refuse(
        'WITH of a function that may answer otherwise the next time',
        location,
        'It would run once for each mention.',
      );
    scope.named.set(ctename, { ...rows, select, ...(isNative ? {} : { writtenOut: sql }) });
    return `${identifier(ctename, location)} AS (${sql})`;
  });
  return isNative ? `WITH ${parts.join(', ')} ` : '';
}

function printBody(p: Printing, select: SelectStmt, scope: Scope, options: QueryOptions): PrintedQuery {
  if (select.op !== undefined && select.op !== 'SETOP_NONE') return printSetOperation(p, select, scope, options);
  if (select.valuesLists !== undefined) return printValues(p, select, scope, options);
  if (hasOrderedSets(select)) {
    const { select: plain, made } = withoutOrderedSets(p, select, scope, options);
    return printBody(p, plain, scope, { ...options, made });
  }
  if (hasSeries(select)) return printBody(p, withoutSeries(p, select, scope), scope, options);
  if (hasGroupingSets(select)) return printGroupingSets(p, select, scope, options);
  return new Block(p, select, scope, options).print();
}
