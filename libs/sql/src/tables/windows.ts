import type { SortBy } from 'libpg-query';
import { GroupAccumulators, type Aggregate } from './aggregates.ts';
import type { Cell, CellType } from './cell.ts';
import { fail, type Row, type Run, type Typed } from './compiled.ts';
import { SortOrder } from './sort-order.ts';

/** A window: OVER (PARTITION BY ... ORDER BY ...). */
export interface WindowFrame {
  readonly partition: readonly Typed[];
  readonly order: readonly { readonly by: SortBy; readonly key: Typed }[];
}

/** Computes a window function for the ordered rows of one partition: a value for each. */
type PartitionFunction = (rows: readonly Ranked[], run: Run) => Cell[];

interface Ranked {
  readonly row: Row;
  /** Index of the peer group (rows equal in the order), from 0; `rank` is the position of its first row, from 1. */
  readonly peers: number;
  readonly rank: number;
}

interface WindowFunction {
  readonly type: CellType;
  readonly evaluate: PartitionFunction;
}

/** The window functions of a query; their values are appended to the rows. */
export class Windows {
  /** Number of cells of a row before the appended values. */
  readonly #width: () => number;
  readonly #all: { readonly frame: WindowFrame; readonly of: PartitionFunction }[] = [];

  constructor(width: () => number) {
    this.#width = width;
  }

  add(frame: WindowFrame, { type, evaluate }: WindowFunction): Typed {
    const at = this.#all.push({ frame, of: evaluate }) - 1;
    return { type, evaluate: (row) => row[this.#width() + at] ?? null };
  }

  withValues(rows: readonly Row[], run: Run): readonly Row[] {
    if (this.#all.length === 0) return rows;
    const values = this.#all.map(({ frame, of }) => valuesOver(rows, { frame, of, run }));
    return rows.map((row) => [...row, ...values.map((ofRow) => ofRow.get(row) ?? null)]);
  }
}

function valuesOver(
  rows: readonly Row[],
  { frame, of, run }: { readonly frame: WindowFrame; readonly of: PartitionFunction; readonly run: Run },
): ReadonlyMap<Row, Cell> {
  const partitions = new Map<string, Row[]>();
  for (const row of rows) {
    const name = JSON.stringify(frame.partition.map((key) => key.evaluate(row, run)));
    const known = partitions.get(name);
    if (known === undefined) partitions.set(name, [row]);
    else known.push(row);
  }
  const order = new SortOrder(frame.order.map(({ by }) => by));
  const found = new Map<Row, Cell>();
  for (const partition of partitions.values()) {
    const sorted = order.sorted(
      partition.map((row) => ({ row, keys: frame.order.map(({ key }) => key.evaluate(row, run)) })),
    );
    const ranked = rankRows(sorted);
    of(ranked, run).forEach((value, index) => found.set((ranked[index] as Ranked).row, value));
  }
  return found;
}

function rankRows(sorted: readonly { readonly row: Row; readonly keys: readonly Cell[] }[]): Ranked[] {
  let [peers, rank, last] = [-1, 0, ''];
  return sorted.map(({ row, keys }, index) => {
    const name = JSON.stringify(keys);
    if (peers < 0 || name !== last) [peers, rank] = [peers + 1, index + 1];
    last = name;
    return { row, peers, rank };
  });
}

/** @throws Refusal 42883 */
export function windowFunction(name: string, args: readonly Typed[], location?: number): WindowFunction {
  const [value, offset, otherwise] = args;
  if (args.length === 0)
    switch (name) {
      case 'row_number':
        return { type: 'int8', evaluate: (rows) => rows.map((_row, index) => index + 1) };
      case 'rank':
        return { type: 'int8', evaluate: (rows) => rows.map(({ rank }) => rank) };
      case 'dense_rank':
        return { type: 'int8', evaluate: (rows) => rows.map(({ peers }) => peers + 1) };
    }
  if (value !== undefined && args.length <= 3 && (name === 'lag' || name === 'lead'))
    return {
      type: value.type,
      evaluate: (rows, run) =>
        rows.map(({ row }, index) => {
          const steps = offset === undefined ? 1 : Number(offset.evaluate(row, run));
          const other = rows[name === 'lag' ? index - steps : index + steps];
          return other === undefined ? (otherwise?.evaluate(row, run) ?? null) : value.evaluate(other.row, run);
        }),
    };
  if (value !== undefined && args.length === 1 && name === 'first_value')
    return { type: value.type, evaluate: (rows, run) => rows.map(() => value.evaluate((rows[0] as Ranked).row, run)) };
  if (value !== undefined && args.length === 1 && name === 'last_value')
    return {
      type: value.type,
      evaluate: (rows, run) => {
        const last = new Map(rows.map(({ row, peers }) => [peers, row]));
        return rows.map(({ peers }) => value.evaluate(last.get(peers) as Row, run));
      },
    };
  return fail('42883', `window function ${name} does not exist`, location, 'Tables of pg-proxy know common ones only.');
}

/** An aggregate over the default frame: up to the last peer of the row, or the whole partition without ORDER BY. */
export function windowAggregate(aggregate: Aggregate): WindowFunction {
  return {
    type: aggregate.type,
    evaluate: (rows, run) => {
      const group = new GroupAccumulators([aggregate], run);
      const values: Cell[] = [];
      rows.forEach(({ row, peers }, index) => {
        group.add(row, run);
        if (rows[index + 1]?.peers === peers) return;
        const [value = null] = group.results();
        while (values.length <= index) values.push(value);
      });
      return values;
    },
  };
}
