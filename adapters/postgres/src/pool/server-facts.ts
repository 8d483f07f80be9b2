import { PostgresPool, type PostgresPoolOptions } from './postgres-pool.ts';

/** Settings and privileges of a server that decide what can be guaranteed. */
export interface ServerFacts {
  readonly version: string;
  /** Committed data survives a crash of the machine. */
  readonly isDurable: boolean;
  /** An erasure can clear the write-ahead log; archives, replicas and backups are beyond it. */
  readonly clearsLog: boolean;
}

/** Queries a server by a connection of its own. @throws CodedError POSTGRES_FAILED, POSTGRES_SECRET_UNREADABLE. */
export async function serverFacts(options: PostgresPoolOptions): Promise<ServerFacts> {
  const pool = new PostgresPool(options);
  try {
    const { rows } = await pool.use((client) => client.query<ServerFacts>(question));
    return rows[0] ?? { version: 'unknown', isDurable: false, clearsLog: false };
  } finally {
    await pool.close();
  }
}

const question = `
  SELECT current_setting('server_version') AS version,
    current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean AS "isDurable",
    current_setting('wal_recycle', true) IS NOT DISTINCT FROM 'off'
      AND current_setting('archive_mode') = 'off'
      AND current_setting('wal_keep_size', true) IS NOT DISTINCT FROM '0'
      AND NOT EXISTS (SELECT 1 FROM pg_replication_slots)
      AND has_function_privilege('pg_switch_wal()', 'execute')
      AND EXISTS (
        SELECT 1 FROM pg_roles AS own WHERE rolname = current_user AND (rolsuper OR EXISTS (
          SELECT 1 FROM pg_roles AS given WHERE given.rolname = 'pg_checkpoint' AND pg_has_role(own.oid, given.oid, 'member')
        ))
      ) AS "clearsLog"`;
