import type { Node, SortBy } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { withLeadingBlank, exact } from './comparison.ts';
import { isNullable, typeOf } from './inference.ts';
import { textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { printNearestFirst } from './vector.ts';

/** Prints the keys of ORDER BY. If a key may be NULL, an additional key places NULLs as PostgreSQL does. */
export function printSortKeys(p: Printing, clauses: readonly Node[], scope: Scope): readonly string[] {
  return clauses.flatMap((clause) => {
    const sort = bodyOf(clause, 'SortBy') ?? {};
    return printSortKey(p, sort, sort.node, scope);
  });
}

/** @param node the expression that the key refers to, if it is a name or number */
export function printSortKey(p: Printing, sort: SortBy, node: Node | undefined, scope: Scope): readonly string[] {
  if (sort.sortby_dir === 'SORTBY_USING') return refuse('ORDER BY ... USING', sort.location);
  // The nearest first is DESC by similarity in IRIS, with NULLs at the end.
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
  /** The key by stored value. */
  readonly value: string;
  readonly isNullable: boolean;
  /** It is certainly text; what only may be text sorts as in IRIS. */
  readonly isText: boolean;
}

/** IRIS sorts NULL first and PostgreSQL last; IRIS sorts numeric texts before all others. */
export function sortKeys(p: Printing, sort: SortBy, sorted: Sorted): readonly string[] {
  const { value, isNullable: mayBeNull, isText } = sorted;
  const isDescending = sort.sortby_dir === 'SORTBY_DESC';
  const end = isDescending ? ' DESC' : '';
  const isFirst =
    sort.sortby_nulls === 'SORTBY_NULLS_DEFAULT' ? isDescending : sort.sortby_nulls === 'SORTBY_NULLS_FIRST';
  const isLeft = sort.sortby_nulls === 'SORTBY_NULLS_DEFAULT' && !p.isOrderKept;
  const isBlank = isText && p.isOrderKept;
  const key = isBlank ? withLeadingBlank(p, value) : value;
  const isNoMatter = isLeft || isFirst !== isDescending;
  // The space prefix turns NULL into a text that sorts beside ''.
  if (!mayBeNull || (isNoMatter && !isBlank)) return [`${key}${end}`];
  return [`CASE WHEN ${value} IS NULL THEN ${isFirst ? '0 ELSE 1' : '1 ELSE 0'} END`, `${key}${end}`];
}
