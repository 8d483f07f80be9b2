import { DatabaseError } from 'pg';

/** 40P01: a deadlock, of which this transaction was chosen as the one that ends; 40001: it could not be serialised. */
const contended: readonly (string | undefined)[] = ['40P01', '40001'];

/** Runs it again when it met another transaction crosswise: nothing of it was kept. */
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
