import { backoffMs, type BackoffLimits } from './backoff.ts';

/** Why the breaker is open. */
export type OpenReason = 'probe-failed' | 'template-version-missing';

/**
 * Circuit breaker of a channel. Open only while the probe fails, or while the contract on the channel lacks a template version that
 * the log needs; the failure of a set of operations never opens it.
 */
export class Breaker {
  #reason: OpenReason | undefined;
  #failures = 0;
  #openedAtMs = 0;
  readonly #limits: BackoffLimits;

  constructor(limits: BackoffLimits) {
    this.#limits = limits;
  }

  /** Why it is open; undefined when it is closed. */
  get reason(): OpenReason | undefined {
    return this.#reason;
  }

  get isClosed(): boolean {
    return this.#reason === undefined;
  }

  /** When it opened, epoch ms; only meaningful while it is open. */
  get openedAtMs(): number {
    return this.#openedAtMs;
  }

  /** Opens it, or counts one more failure. Returns the delay until the next try, in ms. */
  trip(reason: OpenReason, nowMs: number): number {
    if (this.#reason === undefined) this.#openedAtMs = nowMs;
    this.#reason = reason;
    this.#failures += 1;
    return backoffMs(this.#failures, this.#limits);
  }

  /** Half-opens it for a try without resetting the failure count. Returns how long it was open, in ms. */
  letThrough(nowMs: number): number | undefined {
    const failures = this.#failures;
    const openMs = this.reset(nowMs);
    this.#failures = failures;
    return openMs;
  }

  /** Closes it after a successful try. Returns how long it was open, in ms, or undefined when it was not. */
  reset(nowMs: number): number | undefined {
    const wasOpen = this.#reason !== undefined;
    this.#reason = undefined;
    this.#failures = 0;
    return wasOpen ? nowMs - this.#openedAtMs : undefined;
  }
}
