import type { Clock } from './clock.ts';

/** Longer gaps between two readings of the clock do not count, since the process or machine was suspended. */
const gapMaxMs = 2_000;

/**
 * Time during which the channel could carry operations. It stops while the breaker is open or the process is suspended, and skips
 * clock jumps. The maximum wait of an operation is measured in it, so that none is given up because of an outage. It must be read at
 * least every two seconds.
 */
export class WorkingTime {
  readonly #clock: Clock;
  readonly #isWorking: () => boolean;
  #workedMs: number;
  #lastReadMs: number;
  #wasWorking: boolean;

  constructor(clock: Clock, isWorking: () => boolean) {
    this.#clock = clock;
    this.#isWorking = isWorking;
    this.#workedMs = clock.now();
    this.#lastReadMs = this.#workedMs;
    this.#wasWorking = isWorking();
  }

  /** Working time in ms; starts at the epoch ms of its creation and never runs faster than real time. */
  now(): number {
    const nowMs = this.#clock.now();
    const passedMs = nowMs - this.#lastReadMs;
    if (this.#wasWorking && passedMs > 0) this.#workedMs += Math.min(passedMs, gapMaxMs);
    this.#lastReadMs = nowMs;
    this.#wasWorking = this.#isWorking();
    return this.#workedMs;
  }
}
