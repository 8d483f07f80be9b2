import type { Clock } from './clock.ts';

/**
 * How long a leader may assume that it still leads: from the creation of its newest durable progress record, and for less time than
 * the silence after which a standby takes over. A process resumed after a suspension finds its lease expired, and sends nothing
 * before the log tells who leads. Envelopes that it sent before lose on the ledger.
 */
export class Lease {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #ms: number;
  #sinceMs: number;

  /** @param ms duration in ms; infinite when absent, as without standbys */
  constructor(clock: Pick<Clock, 'now'>, ms = Number.POSITIVE_INFINITY) {
    this.#clock = clock;
    this.#ms = ms;
    this.#sinceMs = clock.now();
  }

  get isHeld(): boolean {
    return this.#clock.now() - this.#sinceMs < this.#ms;
  }

  /** Renews the lease: progress created at `madeMs` is durable, and no later claim precedes it. */
  renew(madeMs: number): void {
    this.#sinceMs = Math.max(this.#sinceMs, madeMs);
  }
}
