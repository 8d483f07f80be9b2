import type { Clock } from './clock.ts';

/**
 * How long an instance may believe that it still drives its channel: since the making of its newest durable progress, and
 * for less time than a standby waits in silence. A process that was stopped and goes on finds its lease over, and sends
 * nothing before it has asked the log who drives the channel. What it had already handed to the network loses on the ledger.
 */
export class Lease {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #ms: number;
  #sinceMs: number;

  /** @param ms never over when absent: then nobody waits for the channel. */
  constructor(clock: Pick<Clock, 'now'>, ms = Number.POSITIVE_INFINITY) {
    this.#clock = clock;
    this.#ms = ms;
    this.#sinceMs = clock.now();
  }

  get isHeld(): boolean {
    return this.#clock.now() - this.#sinceMs < this.#ms;
  }

  /** Progress made at `madeMs` is durable, and no later claim stands before it. */
  renew(madeMs: number): void {
    this.#sinceMs = Math.max(this.#sinceMs, madeMs);
  }
}
