import type {
  IdentifierRow,
  PatientRow,
  PatientRowState,
  SecretRow,
  StaleRows,
  TenantKeyRow,
  VaultTransaction,
} from '@medrex/privacy';
import type { PoolClient } from 'pg';
import { inSchema } from '../schema/migrate.ts';

interface PatientColumns {
  readonly pseudonym: string;
  readonly state: string;
  readonly merged_into: string | null;
  readonly key_id: string | null;
  readonly wrapped: Buffer | null;
}
interface IdentifierColumns {
  readonly digest: Buffer;
  readonly pseudonym: string;
  readonly key_id: string;
  readonly sealed: Buffer;
}
interface SecretColumns {
  readonly name: string;
  readonly key_id: string;
  readonly wrapped: Buffer;
}

/** The rows of the vault inside one transaction of one connection; many rows go in one statement. */
export class PostgresVaultRows implements VaultTransaction {
  readonly #client: PoolClient;
  readonly #schema: string;
  #tenantKeys: readonly TenantKeyRow[];

  /** @param tenantKeys as they stood when the transaction began: every piece of work asks for them first. */
  constructor(client: PoolClient, schema: string, tenantKeys: readonly TenantKeyRow[]) {
    this.#client = client;
    this.#schema = schema;
    this.#tenantKeys = tenantKeys;
  }

  async tenantKeys(): Promise<readonly TenantKeyRow[]> {
    return this.#tenantKeys;
  }

  async setTenantKeys(rows: readonly TenantKeyRow[]): Promise<void> {
    await this.#rows('DELETE FROM S.vault_tenant_keys');
    await this.#rows(
      'INSERT INTO S.vault_tenant_keys (key_id, is_current) SELECT * FROM unnest($1::text[], $2::boolean[])',
      [rows.map(({ keyId }) => keyId), rows.map(({ isCurrent }) => isCurrent)],
    );
    this.#tenantKeys = rows;
  }

  async identifiers(digests: readonly Uint8Array[]): Promise<readonly IdentifierRow[]> {
    if (digests.length === 0) return [];
    const sql = 'SELECT * FROM S.vault_identifiers WHERE digest = ANY($1::bytea[])';
    return (await this.#rows<IdentifierColumns>(sql, [digests])).map(identifierRow);
  }

  async identifiersOf(pseudonyms: readonly string[]): Promise<readonly IdentifierRow[]> {
    const sql = 'SELECT * FROM S.vault_identifiers WHERE pseudonym = ANY($1::text[])';
    return (await this.#rows<IdentifierColumns>(sql, [pseudonyms])).map(identifierRow);
  }

  async putIdentifiers(given: readonly IdentifierRow[]): Promise<void> {
    const rows = lastOfEach(given, ({ digest }) => Buffer.from(digest).toString('latin1'));
    if (rows.length === 0) return;
    await this.#rows(
      `INSERT INTO S.vault_identifiers (digest, pseudonym, key_id, sealed)
       SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::bytea[])
       ON CONFLICT (digest) DO UPDATE SET pseudonym = excluded.pseudonym, key_id = excluded.key_id, sealed = excluded.sealed`,
      [
        rows.map(({ digest }) => digest),
        rows.map(({ pseudonym }) => pseudonym),
        rows.map(({ keyId }) => keyId),
        rows.map(({ sealed }) => sealed),
      ],
    );
  }

  async dropIdentifiers(digests: readonly Uint8Array[]): Promise<void> {
    if (digests.length > 0)
      await this.#rows('DELETE FROM S.vault_identifiers WHERE digest = ANY($1::bytea[])', [digests]);
  }

  async patients(pseudonyms: readonly string[]): Promise<readonly PatientRow[]> {
    if (pseudonyms.length === 0) return [];
    const sql = 'SELECT * FROM S.vault_patients WHERE pseudonym = ANY($1::text[])';
    return (await this.#rows<PatientColumns>(sql, [pseudonyms])).map(patientRow);
  }

  async mergedInto(survivors: readonly string[]): Promise<readonly PatientRow[]> {
    const sql = 'SELECT * FROM S.vault_patients WHERE merged_into = ANY($1::text[]) ORDER BY pseudonym';
    return (await this.#rows<PatientColumns>(sql, [survivors])).map(patientRow);
  }

  async inState(states: readonly PatientRowState[]): Promise<readonly PatientRow[]> {
    const sql = 'SELECT * FROM S.vault_patients WHERE state = ANY($1::text[])';
    return (await this.#rows<PatientColumns>(sql, [states])).map(patientRow);
  }

  async putPatients(given: readonly PatientRow[]): Promise<void> {
    const rows = lastOfEach(given, ({ pseudonym }) => pseudonym);
    if (rows.length === 0) return;
    await this.#rows(
      `INSERT INTO S.vault_patients (pseudonym, state, merged_into, key_id, wrapped)
       SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[])
       ON CONFLICT (pseudonym) DO UPDATE SET
         state = excluded.state, merged_into = excluded.merged_into, key_id = excluded.key_id, wrapped = excluded.wrapped`,
      [
        rows.map(({ pseudonym }) => pseudonym),
        rows.map(({ state }) => state),
        rows.map(({ mergedInto }) => mergedInto ?? null),
        rows.map(({ wrapped }) => wrapped?.keyId ?? null),
        rows.map(({ wrapped }) => wrapped?.bytes ?? null),
      ],
    );
  }

  async secret(name: string): Promise<SecretRow | undefined> {
    const [row] = await this.#rows<SecretColumns>('SELECT * FROM S.vault_secrets WHERE name = $1', [name]);
    return row && secretRow(row);
  }

  async putSecrets(given: readonly SecretRow[]): Promise<void> {
    const rows = lastOfEach(given, ({ name }) => name);
    if (rows.length === 0) return;
    await this.#rows(
      `INSERT INTO S.vault_secrets (name, key_id, wrapped) SELECT * FROM unnest($1::text[], $2::text[], $3::bytea[])
       ON CONFLICT (name) DO UPDATE SET key_id = excluded.key_id, wrapped = excluded.wrapped`,
      [rows.map(({ name }) => name), rows.map(({ keyId }) => keyId), rows.map(({ wrapped }) => wrapped)],
    );
  }

  async notUnder(keyId: string, limit: number): Promise<StaleRows> {
    return {
      patients: (await this.#stale<PatientColumns>('vault_patients', keyId, limit)).map(patientRow),
      identifiers: (await this.#stale<IdentifierColumns>('vault_identifiers', keyId, limit)).map(identifierRow),
      secrets: (await this.#stale<SecretColumns>('vault_secrets', keyId, limit)).map(secretRow),
    };
  }

  /** Below and above instead of unequal: both walk the index, where unequal reads the whole table for every batch of a rotation. */
  #stale<Columns extends object>(table: string, keyId: string, limit: number): Promise<readonly Columns[]> {
    const side = (comparison: '<' | '>'): string =>
      `(SELECT * FROM S.${table} WHERE key_id ${comparison} $1 ORDER BY key_id LIMIT $2)`;
    return this.#rows<Columns>(`${side('<')} UNION ALL ${side('>')} LIMIT $2`, [keyId, limit]);
  }

  async #rows<Columns extends object>(sql: string, values: readonly unknown[] = []): Promise<readonly Columns[]> {
    return (await this.#client.query<Columns>(inSchema(sql, this.#schema), [...values])).rows;
  }
}

/** One statement must not touch a row twice. */
function lastOfEach<Row>(rows: readonly Row[], key: (row: Row) => string): readonly Row[] {
  return [...new Map(rows.map((row) => [key(row), row])).values()];
}

function patientRow({ pseudonym, state, merged_into, key_id, wrapped }: PatientColumns): PatientRow {
  return {
    pseudonym,
    state: state as PatientRowState,
    ...(merged_into !== null && { mergedInto: merged_into }),
    ...(wrapped !== null && key_id !== null && { wrapped: { keyId: key_id, bytes: wrapped } }),
  };
}

const identifierRow = ({ digest, pseudonym, key_id, sealed }: IdentifierColumns): IdentifierRow => ({
  digest,
  pseudonym,
  keyId: key_id,
  sealed,
});

const secretRow = ({ name, key_id, wrapped }: SecretColumns): SecretRow => ({ name, keyId: key_id, wrapped });
