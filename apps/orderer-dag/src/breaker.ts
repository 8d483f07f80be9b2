import { backoffMs, type BackoffLimits } from './backoff.ts';

/** Why nothing is sent to the channel at the moment. */
export type OpenReason = 'probe-failed' | 'template-version-missing';

/**
 * Keeps operations away from a channel that cannot carry any. Open only while the probe fails (or while the contract
 * there lacks a template version that the log still needs); a failure of one set of operations never opens it.
 */
export class Breaker {
  #reason: OpenReason | undefined;
  #failures = 0;
  #openedAtMs = 0;
  readonly #limits: BackoffLimits;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  /** Why it is open; undefined when it is closed and everything flows. */
  get reason(): OpenReason | undefined {
    return this.#reason;
  }

  get isClosed(): boolean {
    return this.#reason === undefined;
  }

  /** When it opened, epoch ms; meaningless while it is closed. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  /** Opens it, or notes one more failure. Returns in how many ms the next try is due. */
  trip(reason: OpenReason, nowMs: number): number {
    if (this.#reason === undefined) this.#openedAtMs = nowMs;
    this.#reason = reason;
    this.#failures += 1;
    return backoffMs(this.#failures, this.#limits);
  }

  /** Closes it for a try, and keeps counting where it stopped if the try fails. Returns how long it was open, ms. */
  letThrough(nowMs: number): number | undefined {
    const failures = this.#failures;
    const openMs = this.reset(nowMs);
    this.#failures = failures;
    return openMs;
  }

  /** A try has passed: everything flows again. Returns how long it was open, ms, or undefined when it was not. */
  reset(nowMs: number): number | undefined {
    const wasOpen = this.#reason !== undefined;
    this.#reason = undefined;
    this.#failures = 0;
    return wasOpen ? nowMs - this.#openedAtMs : undefined;
  }
}
