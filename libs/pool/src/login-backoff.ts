/** Why a backend could not be opened. */
export interface OpenFailure {
  /** What the upstream said; passed on to the client. */
  readonly error: unknown;
  /** Whether the same attempt may succeed soon (server starting up, too many connections, not reachable): clients then keep waiting. */
  readonly isTransient: boolean;
  /** The upstream accepts no further session of this login, of this database or of any user. */
  readonly isFull?: boolean;
}

/** Exponential backoff with jitter between attempts while logins fail. */
export class LoginBackoff {
  /** The last failure, until a login succeeds. */
  failure: OpenFailure | undefined;
  #failures = 0;
  #retryAtMs = -Infinity;

  isOver(nowMs: number): boolean {
    return nowMs >= this.#retryAtMs;
  }

  /** @param jitter in [0, 1): spreads the attempts of many instances over the second half of the pause */
  failed(failure: OpenFailure, jitter: number, limits: { minMs: number; maxMs: number }, nowMs: number): void {
    const pauseMs = Math.min(limits.maxMs, limits.minMs * 2 ** Math.min(this.#failures, 30));
    this.failure = failure;
    this.#failures += 1;
    this.#retryAtMs = nowMs + pauseMs * (0.5 + jitter / 2);
  }

  succeeded(): void {
    this.failure = undefined;
    this.#failures = 0;
    this.#retryAtMs = -Infinity;
  }
}
