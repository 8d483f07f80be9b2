/** Parameters of the delay between retries. */
export interface BackoffLimits {
  /** Maximum delay after the first failure, in ms. */
  readonly baseMs: number;
  /** Maximum delay, in ms. */
  readonly capMs: number;
  /** A fraction in [0, 1) per call, from a seeded source in tests. */
  readonly jitter: () => number;
}

/**
 * Capped exponential backoff with equal jitter (M. Brooker, AWS Architecture Blog, 2015): half of the delay is fixed and half random,
 * so that many clients retry neither together nor at once. `failures` counts from 1.
 */
export function backoffMs(failures: number, { baseMs, capMs, jitter }: BackoffLimits): number {
  const step = Math.min(capMs, baseMs * 2 ** Math.min(failures - 1, 30));
  return step / 2 + (step / 2) * jitter();
}
