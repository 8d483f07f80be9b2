import type { Node, SortBy } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { exact } from './comparison.ts';
import { isNullable } from './inference.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { printNearestFirst } from './vector.ts';

/** The keys of ORDER BY. NULLs go where PostgreSQL has them, by a key of their own where there may be any. */
export function printSortKeys(p: Printing, clauses: readonly Node[], scope: Scope): readonly string[] {
  return clauses.flatMap((clause) => {
    const sort = bodyOf(clause, 'SortBy') ?? {};
    return printSortKey(p, sort, sort.node, scope);
  });
}

/** @param node what the key stands for, where it is a name or a number */
export function printSortKey(p: Printing, sort: SortBy, node: Node | undefined, scope: Scope): readonly string[] {
  if (sort.sortby_dir === 'SORTBY_USING') return refuse('ORDER BY ... USING', sort.location);
  // Nearest first is DESC in IRIS, with NULLs at the end.
  const isUpwards = sort.sortby_dir !== 'SORTBY_DESC' && sort.sortby_nulls !== 'SORTBY_NULLS_FIRST';
  const nearest = isUpwards ? printNearestFirst(p, node, scope) : undefined;
  if (nearest !== undefined) return [nearest];
  return sortKeys(p, exact(p, node, scope), sort, isNullable(p, node, scope));
}

/** IRIS has NULL below everything, PostgreSQL above. */
export function sortKeys(p: Printing, key: string, sort: SortBy, mayBeNull: boolean): readonly string[] {
  const isDescending = sort.sortby_dir === 'SORTBY_DESC';
  const end = isDescending ? ' DESC' : '';
  const isFirst =
    sort.sortby_nulls === 'SORTBY_NULLS_DEFAULT' ? isDescending : sort.sortby_nulls === 'SORTBY_NULLS_FIRST';
  const isLeft = sort.sortby_nulls === 'SORTBY_NULLS_DEFAULT' && !p.isNullOrderKept;
  if (!mayBeNull || isLeft || isFirst !== isDescending) return [`${key}${end}`];
  return [`CASE WHEN ${key} IS NULL THEN ${isFirst ? '0 ELSE 1' : '1 ELSE 0'} END`, `${key}${end}`];
}
