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
/** And so many of all of them: when everything is slow at once, the first say why. */
export const slowAtOnceMax = 50;
const remembered = 2_000;

/** Chooses which slow statements are written down, and counts the others. Its clock must not step. */
export class SlowSamples {
  readonly samples: SlowSample[] = [];
  readonly #lastAt = new Map<string, number>();
  #sinceMs = -Infinity;
  #written = 0;
  #leftOut = 0;

  /** False: there was one just now, or there were too many of all. */
  isWanted(fingerprint: string, nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= everyMs) {
      this.#sinceMs = nowMs;
      this.#written = 0;
    }
    const isNew = nowMs - (this.#lastAt.get(fingerprint) ?? -Infinity) >= everyMs;
    if (!isNew || this.#written >= slowAtOnceMax) {
      this.#leftOut += 1;
      return false;
    }
    this.#written += 1;
    if (this.#lastAt.size >= remembered) this.#lastAt.clear();
    this.#lastAt.set(fingerprint, nowMs);
    return true;
  }

  /** How many were slow and not wanted, once their time is over; 0 until then. Each is said once. */
  leftOut(nowMs: number): number {
    if (nowMs - this.#sinceMs < everyMs) return 0;
    const count = this.#leftOut;
    this.#leftOut = 0;
    return count;
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
