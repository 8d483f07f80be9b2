import type { PoolClient } from 'pg';

/**
 * Makes the commit of a writing transaction durable, even if the database defaults to synchronous_commit = off.
 */
export const durable = `SELECT set_config('synchronous_commit', 'on', true)
  WHERE current_setting('synchronous_commit') NOT IN ('on', 'remote_apply')`;

/** Begins a transaction that writes. */
export const beginWriting = `BEGIN; ${durable}`;

/** Runs `work` between `begin` and COMMIT: all of it or nothing. */
export async function inTransaction<T>(client: PoolClient, begin: string, work: () => Promise<T>): Promise<T> {
  await client.query(begin);
  try {
    const value = await work();
    await client.query('COMMIT');
    return value;
  } catch (error) {
    await rollBack(client, error);
    throw error;
  }
}

/** A connection that fails to roll back is unusable, which the thrown error tells the pool. */
async function rollBack(client: PoolClient, cause: unknown): Promise<void> {
  try {
    await client.query('ROLLBACK');
  } catch {
    throw new Error('a transaction could not be rolled back', { cause });
  }
}
