import type { Node, WindowDef } from 'libpg-query';
import { bodyOf } from '../ast.ts';

/** The frame option bits of PostgreSQL's grammar. */
const bits = {
  range: 0x2,
  rows: 0x4,
  startUnbounded: 0x20,
  endUnbounded: 0x100,
  startCurrent: 0x200,
  endCurrent: 0x400,
  startPreceding: 0x800,
  endPreceding: 0x1000,
  startFollowing: 0x2000,
  endFollowing: 0x4000,
  exclusion: 0x8000 | 0x10000 | 0x20000,
} as const;

/** The default frame: RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW. */
const defaultOptions = bits.range | bits.startUnbounded | bits.endCurrent;

export type Frame =
  /** The default frame: up to the peers of the current row. */
  | { readonly kind: 'peers' }
  /** All rows of the partition. */
  | { readonly kind: 'all' }
  /** ROWS from the first to the current row, or, if reversed, from the current to the last row. */
  | { readonly kind: 'running'; readonly isReversed: boolean }
  /** ROWS by their offsets from the current row; negative ones precede it. */
  | { readonly kind: 'sliding'; readonly offsets: readonly number[] };

const rowsMax = 64;

/** Undefined: the frame cannot be expressed in IRIS SQL. */
export function frameOf({ frameOptions = defaultOptions, startOffset, endOffset }: WindowDef): Frame | undefined {
  const has = (option: keyof typeof bits): boolean => (frameOptions & bits[option]) !== 0;
  if (has('exclusion')) return undefined;
  if (has('startUnbounded') && has('endUnbounded')) return { kind: 'all' };
  if (has('range') && has('startUnbounded') && has('endCurrent')) return { kind: 'peers' };
  if (!has('rows')) return undefined;
  if (has('startUnbounded') && has('endCurrent')) return { kind: 'running', isReversed: false };
  if (has('startCurrent') && has('endUnbounded')) return { kind: 'running', isReversed: true };
  const from = distance(has('startPreceding'), has('startCurrent'), has('startFollowing'), startOffset);
  const to = distance(has('endPreceding'), has('endCurrent'), has('endFollowing'), endOffset);
  if (from === undefined || to === undefined || to < from || to - from >= rowsMax) return undefined;
  return { kind: 'sliding', offsets: Array.from({ length: to - from + 1 }, (_, place) => from + place) };
}

function distance(
  isPreceding: boolean,
  isCurrent: boolean,
  isFollowing: boolean,
  offset: Node | undefined,
): number | undefined {
  if (isCurrent) return 0;
  const constant = bodyOf(offset, 'A_Const')?.ival;
  if (constant === undefined || !(isPreceding || isFollowing)) return undefined;
  const rows = constant.ival ?? 0;
  return isPreceding ? 0 - rows : rows;
}

/** Reverses an ORDER BY. */
export function reversed(clauses: readonly Node[]): readonly Node[] {
  return clauses.map((clause) => {
    const sort = bodyOf(clause, 'SortBy') ?? {};
    const nulls = { SORTBY_NULLS_FIRST: 'SORTBY_NULLS_LAST', SORTBY_NULLS_LAST: 'SORTBY_NULLS_FIRST' } as const;
    const said = sort.sortby_nulls;
    return {
      SortBy: {
        ...sort,
        sortby_dir: sort.sortby_dir === 'SORTBY_DESC' ? 'SORTBY_ASC' : 'SORTBY_DESC',
        sortby_nulls:
          said === 'SORTBY_NULLS_FIRST' || said === 'SORTBY_NULLS_LAST' ? nulls[said] : 'SORTBY_NULLS_DEFAULT',
      },
    };
  });
}
