import type { Outcome } from './outcome.ts';

/** A slow statement, without its literals. */
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
/** How many samples are kept: the newest. */
export const slowMax = 10_000;
/** One sample of each statement in this time, in ms: enough to see that a statement is always slow. */
const everyMs = 10_000;
/** The number of samples of all statements together in that time: when everything is slow at once, the first ones tell why. */
export const slowAtOnceMax = 50;
const fingerprintsMax = 2_000;

/** Decides which slow statements are recorded, and counts the others. Its clock must be monotonic. */
export class SlowSamples {
  readonly samples: SlowSample[] = [];
  readonly #lastAt = new Map<string, number>();
  #sinceMs = -Infinity;
  #written = 0;
  #skipped = 0;

  /** False: the statement was sampled recently, or there were too many of all. */
  shouldRecord(fingerprint: string, nowMs: number): boolean {
    if (nowMs - this.#sinceMs >= everyMs) {
      this.#sinceMs = nowMs;
      this.#written = 0;
    }
    const isNew = nowMs - (this.#lastAt.get(fingerprint) ?? -Infinity) >= everyMs;
    if (!isNew || this.#written >= slowAtOnceMax) {
      this.#skipped += 1;
      return false;
    }
    this.#written += 1;
    if (this.#lastAt.size >= fingerprintsMax) this.#lastAt.clear();
    this.#lastAt.set(fingerprint, nowMs);
    return true;
  }

  /** How many slow statements were not recorded, reported once their period is over; 0 until then. Each is reported once. */
  takeSkipped(nowMs: number): number {
    if (nowMs - this.#sinceMs < everyMs) return 0;
    const count = this.#skipped;
    this.#skipped = 0;
    return count;
  }

  add(sample: SlowSample): void {
    this.samples.push(sample);
    if (this.samples.length > slowMax + slowMax / 10) this.samples.splice(0, this.samples.length - slowMax);
  }

  /** Drops what is too old. */
  prune(nowMs: number): void {
    const first = this.samples.findIndex(({ atMs }) => atMs >= nowMs - slowKeptMs);
    this.samples.splice(0, first < 0 ? this.samples.length : first);
  }
}
