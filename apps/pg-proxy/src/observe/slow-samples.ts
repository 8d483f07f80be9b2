import type { Outcome } from './outcome.ts';

/** A statement that took long, without its literals. */
export interface SlowSample extends Pick<
  Outcome,
  'database' | 'user' | 'fingerprint' | 'workload' | 'rows' | 'queueMs' | 'translateMs' | 'backendMs' | 'streamMs'
> {
  readonly atMs: number;
  readonly totalMs: number;
  readonly query: string;
  readonly application: string;
}

export const slowKeptMs = 30 * 86_400_000;
/** The newest so many are kept. */
export const slowMax = 10_000;
/** One of each statement in so long: a statement that is always slow is seen well enough by that. */
const everyMs = 10_000;
const remembered = 2_000;

/** Chooses which slow statements are written down. */
export class SlowSamples {
  readonly samples: SlowSample[] = [];
  readonly #lastAt = new Map<string, number>();

  /** False: there was one just now. */
  isWanted(fingerprint: string, nowMs: number): boolean {
    const last = this.#lastAt.get(fingerprint);
    if (last !== undefined && nowMs - last < everyMs) return false;
    if (this.#lastAt.size >= remembered) this.#lastAt.clear();
    this.#lastAt.set(fingerprint, nowMs);
    return true;
  }

  add(sample: SlowSample): void {
    this.samples.push(sample);
    if (this.samples.length > slowMax + slowMax / 10) this.samples.splice(0, this.samples.length - slowMax);
  }

  /** What is too old goes. */
  prune(nowMs: number): void {
    const first = this.samples.findIndex(({ atMs }) => atMs >= nowMs - slowKeptMs);
    this.samples.splice(0, first < 0 ? this.samples.length : first);
  }
}
