/** One measured number: median and spread over `runs` runs. */
export interface Figure {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** What the number counts: `operations/s`, `ms`, `%`, `ratio`. */
  readonly unit: string;
  readonly runs: number;
}

export type Figures = Readonly<Record<string, Figure>>;

/** A benchmark: `bench/src/<name>.bench.ts` exports one as `bench`. */
export interface Bench {
  readonly name: string;
  /** One sentence: what is measured, on what input. Stands in the history as `workload`. */
  readonly workload: string;
  /** Where it ran; `none` where there is no ledger in what is measured. */
  readonly ledger: 'embedded' | 'devnet' | 'none' | `fabric ${string}`;
  readonly seed: number;
  run(): Promise<Figures>;
}

/** Median, smallest and largest of the samples of one number. @throws Error without any, and when one of them is no number: a line of the history holds numbers only */
export function figure(samples: readonly number[], unit: string): Figure {
  if (samples.length === 0) throw new Error(`a figure in ${unit} needs at least one sample`);
  if (!samples.every(Number.isFinite)) throw new Error(`a figure in ${unit} has the samples ${samples.join(', ')}`);
  const sorted = samples.toSorted((a, b) => a - b);
  const round = (value: number) => Number(value.toPrecision(6));
  const at = (index: number) => round(sorted[index] ?? Number.NaN);
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1), unit, runs: sorted.length };
}
