/** One measured number: median and spread over `runs` runs. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** Unit: `operations/s`, `ms`, `%`, `ratio`. */
  readonly unit: string;
  readonly runs: number;
}

export type Figures = Readonly<Record<string, Figure>>;

/** A benchmark: `bench/src/<name>.bench.ts` exports one as `bench`. */
export interface Bench {
  readonly name: string;
  /** One sentence: what is measured on what input. Recorded in the history as `workload`. */
  readonly workload: string;
  /** The ledger of the measurement; `none` if it has none. */
  readonly ledger: 'embedded' | 'devnet' | 'none' | `fabric ${string}`;
  readonly seed: number;
  run(): Promise<Figures>;
}

/** Median, minimum and maximum of the samples. @throws Error without samples, or when one is not finite, as the history only holds numbers */
export function figure(samples: readonly number[], unit: string): Figure {
  if (samples.length === 0) throw new Error(`a figure in ${unit} needs at least one sample`);
  if (!samples.every(Number.isFinite)) throw new Error(`a figure in ${unit} has the samples ${samples.join(', ')}`);
  const sorted = samples.toSorted((a, b) => a - b);
  const round = (value: number) => Number(value.toPrecision(6));
  const at = (index: number) => round(sorted[index] ?? Number.NaN);
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1), unit, runs: sorted.length };
}
