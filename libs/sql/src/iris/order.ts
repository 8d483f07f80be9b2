import type { Node, SortBy } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { behindBlank, exact } from './comparison.ts';
import { isNullable, typeOf } from './inference.ts';
import { textTypes } from './pg-type.ts';
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
  return sortKeys(p, sort, {
    value: exact(p, node, scope),
    isNullable: isNullable(p, node, scope),
    isText: textTypes.has(typeOf(p, node, scope)),
  });
}

interface Sorted {
  /** As it is stored. */
  readonly value: string;
  readonly isNullable: boolean;
  /** Certainly: whatever else may be text sorts as IRIS does it. */
  readonly isText: boolean;
}

/** IRIS has NULL below everything, PostgreSQL above; and texts that are numbers it has before all others. */
export function sortKeys(p: Printing, sort: SortBy, sorted: Sorted): readonly string[] {
  const { value, isNullable: mayBeNull, isText } = sorted;
  const isDescending = sort.sortby_dir === 'SORTBY_DESC';
  const end = isDescending ? ' DESC' : '';
  const isFirst =
    sort.sortby_nulls === 'SORTBY_NULLS_DEFAULT' ? isDescending : sort.sortby_nulls === 'SORTBY_NULLS_FIRST';
  const isLeft = sort.sortby_nulls === 'SORTBY_NULLS_DEFAULT' && !p.isOrderKept;
  const isBlank = isText && p.isOrderKept;
  const key = isBlank ? behindBlank(p, value) : value;
  const isNoMatter = isLeft || isFirst !== isDescending;
  // What || makes of NULL would lie beside ''.
  if (!mayBeNull || (isNoMatter && !isBlank)) return [`${key}${end}`];
  return [`CASE WHEN ${value} IS NULL THEN ${isFirst ? '0 ELSE 1' : '1 ELSE 0'} END`, `${key}${end}`];
}
