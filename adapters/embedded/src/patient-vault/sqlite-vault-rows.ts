import type {
  IdentifierRow,
  PatientRow,
  PatientRowState,
  SecretRow,
  StaleRows,
  TenantKeyRow,
  VaultTransaction,
} from '@medrex/privacy';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

type SqlRow = ReturnType<StatementSync['get']>;

/** Access to the rows of the vault file by prepared statements; the store manages transactions. */
export class SqliteVaultRows implements VaultTransaction {
  readonly #db: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  constructor(db: DatabaseSync) {
    this.#db = db;
  }

  async tenantKeys(): Promise<readonly TenantKeyRow[]> {
    const rows = this.#sql('SELECT key_id, is_current FROM tenant_keys').all();
    return rows.map((row) => ({ keyId: text(row, 'key_id'), isCurrent: row['is_current'] === 1 }));
  }

  async setTenantKeys(rows: readonly TenantKeyRow[]): Promise<void> {
    this.#sql('DELETE FROM tenant_keys').run();
    const put = this.#sql('INSERT INTO tenant_keys (key_id, is_current) VALUES (?, ?)');
    for (const { keyId, isCurrent } of rows) put.run(keyId, isCurrent ? 1 : 0);
  }

  async identifiers(digests: readonly Uint8Array[]): Promise<readonly IdentifierRow[]> {
    const get = this.#sql('SELECT * FROM identifiers WHERE digest = ?');
    return found(digests.map((digest) => get.get(digest))).map(identifierRow);
  }

  async identifiersOf(pseudonyms: readonly string[]): Promise<readonly IdentifierRow[]> {
    const all = this.#sql('SELECT * FROM identifiers WHERE pseudonym = ?');
    return pseudonyms.flatMap((pseudonym) => all.all(pseudonym)).map(identifierRow);
  }

  async putIdentifiers(rows: readonly IdentifierRow[]): Promise<void> {
    const put = this.#sql('INSERT OR REPLACE INTO identifiers (digest, pseudonym, key_id, sealed) VALUES (?, ?, ?, ?)');
    for (const { digest, pseudonym, keyId, sealed } of rows) put.run(digest, pseudonym, keyId, sealed);
  }

  async dropIdentifiers(digests: readonly Uint8Array[]): Promise<void> {
    const drop = this.#sql('DELETE FROM identifiers WHERE digest = ?');
    for (const digest of digests) drop.run(digest);
  }

  async patients(pseudonyms: readonly string[]): Promise<readonly PatientRow[]> {
    const get = this.#sql('SELECT * FROM patients WHERE pseudonym = ?');
    return found(pseudonyms.map((pseudonym) => get.get(pseudonym))).map(patientRow);
  }

  async mergedInto(survivors: readonly string[]): Promise<readonly PatientRow[]> {
    const all = this.#sql('SELECT * FROM patients WHERE merged_into = ? ORDER BY pseudonym');
    return survivors.flatMap((survivor) => all.all(survivor)).map(patientRow);
  }

  async inState(states: readonly PatientRowState[]): Promise<readonly PatientRow[]> {
    const all = this.#sql('SELECT * FROM patients WHERE state = ?');
    return states.flatMap((state) => all.all(state)).map(patientRow);
  }

  async putPatients(rows: readonly PatientRow[]): Promise<void> {
    const put = this.#sql(
      'INSERT OR REPLACE INTO patients (pseudonym, state, merged_into, key_id, wrapped) VALUES (?, ?, ?, ?, ?)',
    );
    for (const { pseudonym, state, mergedInto, wrapped } of rows) {
      put.run(pseudonym, state, mergedInto ?? null, wrapped?.keyId ?? null, wrapped?.bytes ?? null);
    }
  }

  async secret(name: string): Promise<SecretRow | undefined> {
    const row = this.#sql('SELECT * FROM secrets WHERE name = ?').get(name);
    return row && secretRow(row);
  }

  async putSecrets(rows: readonly SecretRow[]): Promise<void> {
    const put = this.#sql('INSERT OR REPLACE INTO secrets (name, key_id, wrapped) VALUES (?, ?, ?)');
    for (const { name, keyId, wrapped } of rows) put.run(name, keyId, wrapped);
  }

  async notUnder(keyId: string, limit: number): Promise<StaleRows> {
    const some = (table: string): SqlRow[] =>
      this.#sql(`SELECT * FROM ${table} WHERE key_id <> ? LIMIT ?`).all(keyId, limit);
    return {
      patients: found(some('patients')).map(patientRow), // a destroyed patient's key_id is NULL and never unequal
      identifiers: found(some('identifiers')).map(identifierRow),
      secrets: found(some('secrets')).map(secretRow),
    };
  }

  #sql(source: string): StatementSync {
    let statement = this.#statements.get(source);
    if (!statement) this.#statements.set(source, (statement = this.#db.prepare(source)));
    return statement;
  }
}

type Row = NonNullable<SqlRow>;

const found = (rows: readonly SqlRow[]): readonly Row[] => rows.filter((row) => row !== undefined);

function text(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string') throw new TypeError(`column ${column} of the vault holds no text`);
  return value;
}

function bytes(row: Row, column: string): Uint8Array {
  const value = row[column];
  if (!(value instanceof Uint8Array)) throw new TypeError(`column ${column} of the vault holds no bytes`);
  return value;
}

function patientRow(row: Row): PatientRow {
  return {
    pseudonym: text(row, 'pseudonym'),
    state: text(row, 'state') as PatientRowState,
    ...(row['merged_into'] === null ? {} : { mergedInto: text(row, 'merged_into') }),
    ...(row['wrapped'] === null ? {} : { wrapped: { keyId: text(row, 'key_id'), bytes: bytes(row, 'wrapped') } }),
  };
}

function identifierRow(row: Row): IdentifierRow {
  return {
    digest: bytes(row, 'digest'),
    pseudonym: text(row, 'pseudonym'),
    keyId: text(row, 'key_id'),
    sealed: bytes(row, 'sealed'),
  };
}

function secretRow(row: Row): SecretRow {
  return { name: text(row, 'name'), keyId: text(row, 'key_id'), wrapped: bytes(row, 'wrapped') };
}
