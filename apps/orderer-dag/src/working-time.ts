import type { Clock } from './clock.ts';

/** Longer gaps between two looks at the clock are not work: the process was stopped, or the machine asleep. */
const gapMaxMs = 2_000;

/**
 * Time in which the channel could carry operations: it stands still while the breaker is open, while the process is
 * stopped, and over a jump of the clock. What an operation may be kept waiting is measured in it, so nobody is given up
 * for an outage. Must be looked at more often than every two seconds.
 */
export class WorkingTime {
  readonly #clock: Clock;
  readonly #isWorking: () => boolean;
  #workedMs: number;
  #lookedAtMs: number;
  #wasWorking: boolean;

  constructor(clock: Clock, isWorking: () => boolean) {
    this.#clock = clock;
    this.#isWorking = isWorking;
    this.#workedMs = clock.now();
    this.#lookedAtMs = this.#workedMs;
    this.#wasWorking = isWorking();
  }

  /** Ms on a clock of its own; begins at the epoch ms of its making and never runs faster than the real one. */
  now(): number {
    const nowMs = this.#clock.now();
    const passedMs = nowMs - this.#lookedAtMs;
    if (this.#wasWorking && passedMs > 0) this.#workedMs += Math.min(passedMs, gapMaxMs);
    this.#lookedAtMs = nowMs;
    this.#wasWorking = this.#isWorking();
    return this.#workedMs;
  }
}
