import { isCodedError } from '@medrex/coded-error';
import { privacyError, type TenantKeyRow, type VaultStore, type VaultTransaction } from '@medrex/privacy';
import type { PoolClient } from 'pg';
import { beginWriting, inTransaction } from '../pool/in-transaction.ts';
import type { PostgresPool } from '../pool/postgres-pool.ts';
import { lockKey } from '../schema/lock-key.ts';
import { inSchema, migrate, versionOf } from '../schema/migrate.ts';
import { PostgresVaultRows } from './postgres-vault-rows.ts';
import { scrub } from './scrub.ts';
import { vaultFailure } from './vault-failure.ts';
import { vaultTables } from './vault-tables.ts';

/** Writes that share one commit at most. */
const groupMax = 256;

interface Job {
  /** Does the work; what it returns is called once that is durable. */
  readonly run: (rows: VaultTransaction) => Promise<() => void>;
  readonly fail: (error: unknown) => void;
}

export interface PostgresVaultStoreOptions {
  readonly pool: PostgresPool;
  readonly schema: string;
  /** False where a vault must be there already: a second one would name every patient anew. */
  readonly mayMake: boolean;
}

/**
 * The rows of a patient vault in PostgreSQL, shared by any number of instances. Those that write hold one lock over the vault until
 * they are committed, so writes run one after the other everywhere, and each sees all before it: of two instances that meet the
 * same new patient the second finds the first one's row. A read sees one snapshot and waits for nobody. Both together are
 * serialisable without a single transaction that has to be run again; writes are rare, one per new patient.
 */
export class PostgresVaultStore implements VaultStore {
  readonly #pool: PostgresPool;
  readonly #schema: string;
  readonly #queue: Job[] = [];
  #draining: Promise<void> | undefined;
  #isClosed = false;

  private constructor(pool: PostgresPool, schema: string) {
    this.#pool = pool;
    this.#schema = schema;
  }

  /** @throws CodedError VAULT_MISSING, VAULT_UNAVAILABLE, POSTGRES_SCHEMA_UNKNOWN. */
  static async open({ pool, schema, mayMake }: PostgresVaultStoreOptions): Promise<PostgresVaultStore> {
    const place = `schema ${schema} of ${pool.shownAs}`;
    try {
      if (!mayMake && !(await isThere(pool, schema)))
        throw privacyError('vaultMissing', `there is no vault in ${place}`);
      await migrate(pool, schema, vaultTables);
      return new PostgresVaultStore(pool, schema);
    } catch (error) {
      if (isCodedError(error, 'POSTGRES_SCHEMA_UNKNOWN')) throw error;
      throw vaultFailure(`the vault in ${place} does not open`, error);
    }
  }

  transaction<T>(access: 'read' | 'write', work: (rows: VaultTransaction) => Promise<T>): Promise<T> {
    if (this.#isClosed) return Promise.reject(privacyError('vaultUnavailable', 'the vault was closed here'));
    return access === 'read' ? this.#asVault(() => this.#read(work)) : this.#write(work);
  }

  /** Rewrites every table, as it cannot be found out from here where the bytes are. */
  scrub(): Promise<void> {
    return this.#asVault(() => this.#pool.useOnce((client) => scrub(client, this.#schema)));
  }

  /** The pool stays open, as its creator owns it. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#draining;
  }

  #read<T>(work: (rows: VaultTransaction) => Promise<T>): Promise<T> {
    const begin = 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY';
    return this.#pool.use((client) => inTransaction(client, begin, async () => work(await this.#rowsNow(client))));
  }

  #write<T>(work: (rows: VaultTransaction) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const run: Job['run'] = async (rows) => {
        const value = await work(rows);
        return () => resolve(value);
      };
      this.#queue.push({ run, fail: reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // what is asked in one go waits together
    while (this.#queue.length > 0) {
      const group = this.#queue.splice(0, groupMax);
      try {
        const settle = await this.#asVault(() => this.#pool.use((client) => this.#runGroup(client, group)));
        for (const done of settle) done();
      } catch (error) {
        for (const { fail } of group) fail(error);
      }
    }
    this.#draining = undefined; // in the same step that found the queue empty, or a job that comes now would wait for ever
  }

  /** Runs each job in a savepoint, and commits all of them together. */
  #runGroup(client: PoolClient, group: readonly Job[]): Promise<readonly (() => void)[]> {
    const [holder, vault] = lockKey('vault', this.#schema);
    return inTransaction(client, `${beginWriting}; SELECT pg_advisory_xact_lock(${holder}, ${vault})`, async () => {
      const settle: (() => void)[] = [];
      for (const job of group) settle.push(await this.#onSavepoint(client, job));
      return settle;
    });
  }

  /** A coded error is the answer of that job only; anything else is the end of the whole group. */
  async #onSavepoint(client: PoolClient, job: Job): Promise<() => void> {
    await client.query('SAVEPOINT job');
    try {
      const done = await job.run(await this.#rowsNow(client));
      await client.query('RELEASE job');
      return done;
    } catch (error) {
      if (!isCodedError(error)) throw error;
      await client.query('ROLLBACK TO job; RELEASE job');
      return () => job.fail(error);
    }
  }

  /** Every statement of a writer sees what was committed before it, and the lock was taken in an earlier one. */
  async #rowsNow(client: PoolClient): Promise<VaultTransaction> {
    return new PostgresVaultRows(client, this.#schema, await tenantKeys(client, this.#schema));
  }

  async #asVault<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw vaultFailure('the vault failed', error);
    }
  }
}

async function tenantKeys(client: PoolClient, schema: string): Promise<readonly TenantKeyRow[]> {
  const { rows } = await client.query<{ readonly key_id: string; readonly is_current: boolean }>(
    inSchema('SELECT key_id, is_current FROM S.vault_tenant_keys', schema),
  );
  return rows.map(({ key_id, is_current }) => ({ keyId: key_id, isCurrent: is_current }));
}

/** A vault is there once a row stands under some key: the first start of ingest writes such rows before it takes anything in. */
function isThere(pool: PostgresPool, schema: string): Promise<boolean> {
  return pool.use(
    async (client) =>
      (await versionOf(client, schema, vaultTables)) > 0 && (await tenantKeys(client, schema)).length > 0,
  );
}
