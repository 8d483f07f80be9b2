import type { PoolClient } from 'pg';

/**
 * Every transaction that writes is on the disk when it ends, whatever the database has as its default for those that
 * may lose their end in a crash.
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

/** A connection that cannot even roll back is of no use any more: what is thrown then says so to the pool. */
async function rollBack(client: PoolClient, cause: unknown): Promise<void> {
  try {
    await client.query('ROLLBACK');
  } catch {
    throw new Error('a transaction could not be rolled back', { cause });
  }
}
