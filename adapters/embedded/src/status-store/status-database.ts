import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../folders/make-folder.ts';

// Rows are stored in the order of acceptance, so that the operations of one run, which settle together, share pages;
// only the index on the random ids is updated at random places. With the id as primary key a run of 500 rewrites 500
// pages twice: three times the CPU and seven times the time.
const schema = `
  CREATE TABLE IF NOT EXISTS operation (
    number INTEGER PRIMARY KEY,
    op_id BLOB NOT NULL,
    source_hash BLOB NOT NULL,
    state INTEGER NOT NULL,
    seq INTEGER,
    accepted_at_ms INTEGER NOT NULL,
    settled_at_ms INTEGER,
    outcome TEXT,
    partition INTEGER NOT NULL DEFAULT 0
  );
  CREATE UNIQUE INDEX IF NOT EXISTS operation_op_id ON operation (op_id);
  CREATE INDEX IF NOT EXISTS operation_dead ON operation (settled_at_ms) WHERE state = 3;
  CREATE TABLE IF NOT EXISTS position (
    topic TEXT NOT NULL, partition INTEGER NOT NULL, offset INTEGER NOT NULL, PRIMARY KEY (topic, partition)
  ) WITHOUT ROWID;
`;

// Adds the column to files of earlier versions.
const byPartition = `
  DROP INDEX IF EXISTS operation_settled;
  CREATE INDEX IF NOT EXISTS operation_settled_in ON operation (partition, settled_at_ms) WHERE settled_at_ms IS NOT NULL;
`;

/**
 * Opens the store's database, which any number of processes may have open at once. Not synchronised with the disk at every commit: it
 * is a projection of the outcomes with the position it has come to, and what a power cut takes is read again from there.
 */
export function openStatusDatabase(file: string): DatabaseSync {
  makeFolder(dirname(file));
  const database = new DatabaseSync(file, { timeout: 10_000 });
  // A checkpoint every 32 MiB, so that pages changed by several runs are copied once. It blocks only the thread of the
  // store.
  database.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = NORMAL;
    PRAGMA wal_autocheckpoint = 8192;
    PRAGMA journal_size_limit = 67108864;
    PRAGMA cache_size = -32768;
  `);
  database.exec(`BEGIN IMMEDIATE; ${schema}`);
  const columns = database.prepare("SELECT name FROM pragma_table_info('operation')").all();
  if (!columns.some(({ name }) => name === 'partition'))
    database.exec('ALTER TABLE operation ADD COLUMN partition INTEGER NOT NULL DEFAULT 0');
  database.exec(`${byPartition} COMMIT`);
  return database;
}
