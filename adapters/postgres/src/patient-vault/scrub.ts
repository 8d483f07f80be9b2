import { privacyError } from '@medrex/privacy';
import { DatabaseError, type PoolClient, type QueryConfig } from 'pg';
import { setTimeout as sleep } from 'node:timers/promises';
import { inSchema } from '../schema/migrate.ts';
import { tablesWithSecrets } from './vault-tables.ts';

/** How long older transactions may keep the destroyed rows, and how long the tables may be in use, ms. */
const othersMaxMs = 5_000;
const pauseMs = 50;
/** A table of tens of millions of rows is rewritten within it. */
const longestMs = 3_600_000;

/**
 * Takes what was deleted out of the tables' files. A deleted row stays in its page until a VACUUM, and its bytes after a plain one:
 * only VACUUM FULL, which writes table and indexes anew and cuts the old files off, leaves none. It copies rows that an older
 * transaction may still see, so those are waited for before.
 *
 * The write-ahead log has had the rows too. Where the user may, it is switched and a checkpoint made, after which the server deletes
 * (`wal_recycle = off`) or reuses the older segments; where it may not, they go in the server's own time.
 *
 * @throws CodedError ERASURE_UNPROVEN.
 */
export async function scrub(client: PoolClient, schema: string): Promise<void> {
  await client.query(`SET statement_timeout = 0; SET lock_timeout = ${othersMaxMs}`);
  await untilNobodySees(client);
  for (const table of tablesWithSecrets) await rewrite(client, inSchema(`VACUUM (FULL) S.${table}`, schema));
  await ifAllowed(client, 'SELECT pg_switch_wal()');
  await ifAllowed(client, 'CHECKPOINT');
}

/**
 * Waits until no transaction, replication slot or prepared transaction is as old as this moment: rows deleted before are then dead for
 * everybody, and every later transaction begins behind that.
 */
async function untilNobodySees(client: PoolClient): Promise<void> {
  const { rows } = await client.query<{ readonly xid: string }>('SELECT pg_current_xact_id()::xid::text AS xid');
  const endMs = performance.now() + othersMaxMs;
  for (;;) {
    const held = await client.query<{ readonly holders: number }>(holders, [rows[0]?.xid]);
    if (held.rows[0]?.holders === 0) return;
    if (performance.now() >= endMs)
      throw privacyError('erasureUnproven', 'an older transaction in the database can still read what was destroyed');
    await sleep(pauseMs);
  }
}

// Sessions of other databases hold nothing here; walsenders, which have no database, do.
const holders = `
  WITH sessions AS (
    SELECT backend_xmin, backend_xid FROM pg_stat_activity
    WHERE pid <> pg_backend_pid() AND (datname IS NULL OR datname = current_database())
  )
  SELECT count(*)::integer AS holders FROM (
    SELECT backend_xmin AS held FROM sessions
    UNION ALL SELECT backend_xid FROM sessions
    UNION ALL SELECT xmin FROM pg_replication_slots
    UNION ALL SELECT transaction FROM pg_prepared_xacts WHERE database = current_database()
  ) AS horizons WHERE held IS NOT NULL AND age(held) >= age($1::xid)`;

/** @throws CodedError ERASURE_UNPROVEN when the table stays in use. */
async function rewrite(client: PoolClient, sql: string): Promise<void> {
  try {
    await runLong(client, sql);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '55P03') throw error;
    throw privacyError('erasureUnproven', 'a table of the vault stayed in use and could not be rewritten', error);
  }
}

/** 42501: insufficient privilege. */
async function ifAllowed(client: PoolClient, sql: string): Promise<void> {
  try {
    await runLong(client, sql);
  } catch (error) {
    if (!(error instanceof DatabaseError) || error.code !== '42501') throw error;
  }
}

/** The pool's limit on the client's side is for statements of intake. */
async function runLong(client: PoolClient, sql: string): Promise<void> {
  const query: QueryConfig & { readonly query_timeout: number } = { text: sql, query_timeout: longestMs };
  await client.query(query);
}
