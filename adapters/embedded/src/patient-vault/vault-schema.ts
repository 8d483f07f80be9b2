import type { DatabaseSync } from 'node:sqlite';

/** 'MdxV' in the file's header, so that no other database is mistaken for a vault. */
const applicationId = 0x4d647856;
const schemaVersion = 1;

// Without rowids each row is stored in one place, so there is only one place to clear when it is destroyed.
const schema = `
  CREATE TABLE tenant_keys (key_id TEXT PRIMARY KEY, is_current INTEGER NOT NULL) WITHOUT ROWID;
  CREATE TABLE patients (
    pseudonym TEXT PRIMARY KEY, state TEXT NOT NULL, merged_into TEXT, key_id TEXT, wrapped BLOB
  ) WITHOUT ROWID;
  CREATE INDEX patients_merged_into ON patients (merged_into) WHERE merged_into IS NOT NULL;
  CREATE TABLE identifiers (
    digest BLOB PRIMARY KEY, pseudonym TEXT NOT NULL, key_id TEXT NOT NULL, sealed BLOB NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX identifiers_pseudonym ON identifiers (pseudonym);
  CREATE TABLE secrets (name TEXT PRIMARY KEY, key_id TEXT NOT NULL, wrapped BLOB NOT NULL) WITHOUT ROWID;
`;

/** Settings of this connection: commits are durable, and deleted content is overwritten. */
export function configure(db: DatabaseSync): void {
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec('PRAGMA secure_delete = ON');
  db.exec('PRAGMA temp_store = MEMORY'); // a VACUUM must not leave rows in a temporary folder
}

/** Creates the tables of an empty file. Of two concurrent processes the second finds them created. */
export function makeTables(db: DatabaseSync): void {
  db.exec('BEGIN IMMEDIATE');
  try {
    if (pragma(db, 'user_version') === 0) {
      db.exec(schema);
      db.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** The problem with the file, if any. */
export function schemaProblem(db: DatabaseSync): string | undefined {
  if (pragma(db, 'application_id') !== applicationId) return 'it is no patient vault';
  const version = pragma(db, 'user_version');
  return version === schemaVersion
    ? undefined
    : `its schema has version ${String(version)}, this program knows ${schemaVersion}`;
}

function pragma(db: DatabaseSync, name: string): unknown {
  return db.prepare(`PRAGMA ${name}`).get()?.[name];
}
