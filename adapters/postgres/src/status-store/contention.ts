import { DatabaseError } from 'pg';

/** Deadlock and serialization failure. */
const contended: readonly (string | undefined)[] = ['40P01', '40001'];

/** Retries a transaction that failed by a deadlock or serialization failure, as it was rolled back. */
export async function untilUncontended<T>(attempt: () => Promise<T>, attemptsMax: number): Promise<T> {
  for (let attempts = 1; ; attempts += 1) {
    try {
      return await attempt();
    } catch (error) {
      const cause = error instanceof Error ? error.cause : undefined;
      if (!(cause instanceof DatabaseError) || !contended.includes(cause.code) || attempts >= attemptsMax) throw error;
    }
  }
}
