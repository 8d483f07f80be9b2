/** How long to wait between tries of something that may work again by itself. */
export interface BackoffLimits {
  /** Longest wait after the first failure, ms. */
  readonly baseMs: number;
  /** No wait is longer, ms. */
  readonly capMs: number;
  /** A fraction in [0, 1) per call, from a seeded source in tests. */
  readonly jitter: () => number;
}

/**
 * Capped exponential backoff with equal jitter: half of the step is certain, half is random, so that many waiters
 * neither come back together nor at once. `failures` counts from 1.
 */
export function backoffMs(failures: number, { baseMs, capMs, jitter }: BackoffLimits): number {
  const step = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return step / 2 + (step / 2) * jitter();
}
