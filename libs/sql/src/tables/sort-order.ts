import type { SortBy } from 'libpg-query';
import type { Cell } from './cell.ts';
import { notSupported, type Row } from './compiled.ts';
import { compare } from './operators.ts';

interface Sorted {
  readonly row: Row;
  readonly keys: readonly Cell[];
}

/** ORDER BY. By default NULLs are last, or first with DESC. */
export class SortOrder {
  readonly #directions: readonly { readonly sign: 1 | -1; readonly isNullFirst: boolean }[];

  constructor(sorts: readonly SortBy[]) {
    this.#directions = sorts.map(({ sortby_dir: direction, sortby_nulls: nulls }) => {
      if (direction === 'SORTBY_USING') notSupported('ORDER BY USING');
      const isDown = direction === 'SORTBY_DESC';
      const isNullFirst = nulls === 'SORTBY_NULLS_FIRST' || (isDown && nulls !== 'SORTBY_NULLS_LAST');
      return { sign: isDown ? -1 : 1, isNullFirst };
    });
  }

  sorted<T extends Sorted>(rows: readonly T[]): readonly T[] {
    return this.#directions.length === 0 ? rows : [...rows].sort((one, other) => this.#compare(one.keys, other.keys));
  }

  #compare(one: readonly Cell[], other: readonly Cell[]): number {
    for (const [index, { sign, isNullFirst }] of this.#directions.entries()) {
      const [a = null, b = null] = [one[index], other[index]];
      if (a === null && b === null) continue;
      if (a === null || b === null) return (a === null) === isNullFirst ? -1 : 1;
      const order = compare(a, b) * sign;
      if (order !== 0) return order;
    }
    return 0;
  }
}
