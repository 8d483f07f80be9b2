import { isCodedError } from '@medrex/coded-error';
import { privacyError, type VaultStore, type VaultTransaction } from '@medrex/privacy';
import { existsSync } from 'node:fs';
import { scrub } from './scrub.ts';
import { untilUnlocked, vaultFailure } from './sqlite-errors.ts';
import { VaultConnection } from './vault-connection.ts';

/** Maximum of transactions that share one commit, and so one fsync. */
const groupMax = 256;

interface Job {
  /** `alone`: outside of any transaction. */
  readonly access: 'read' | 'write' | 'alone';
  /** Does the work; the returned function is called once that is durable. */
  readonly run: (connection: VaultConnection) => Promise<() => void>;
  readonly fail: (error: unknown) => void;
}

/**
 * The rows of a patient vault in one SQLite file, shared by any number of processes. Jobs run one after the other.
 * Waiting writes become one SQLite transaction, each on its own savepoint, and share one fsync.
 */
export class SqliteVaultStore implements VaultStore {
  readonly #file: string;
  readonly #queue: Job[] = [];
  #connection: VaultConnection | undefined;
  #draining: Promise<void> | undefined;
  #isClosed = false;

  private constructor(file: string, connection: VaultConnection) {
    this.#file = file;
    this.#connection = connection;
  }

  /**
   * @throws CodedError VAULT_MISSING if there is no file and none may be created, VAULT_UNREADABLE, VAULT_UNAVAILABLE
   */
  static async open(file: string, mayMake: boolean): Promise<SqliteVaultStore> {
    if (!existsSync(file) && !mayMake) throw privacyError('vaultMissing', `there is no vault file ${file}`);
    try {
      return new SqliteVaultStore(file, await VaultConnection.make(file));
    } catch (error) {
      throw vaultFailure(`the vault file ${file} does not open`, error);
    }
  }

  transaction<T>(access: 'read' | 'write', work: (rows: VaultTransaction) => Promise<T>): Promise<T> {
    return this.#enqueue(access, ({ rows }) => work(rows));
  }

  scrub(secrets: readonly Uint8Array[], isThorough: boolean): Promise<void> {
    return this.#enqueue('alone', ({ db }) => scrub(db, this.#file, secrets, isThorough));
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#draining;
    this.#connection?.db.close();
    this.#connection = undefined;
  }

  #enqueue<T>(access: Job['access'], work: (connection: VaultConnection) => Promise<T>): Promise<T> {
    if (this.#isClosed)
      return Promise.reject(privacyError('vaultUnavailable', `the vault ${this.#file} was closed here`));
    return new Promise<T>((resolve, reject) => {
      const run: Job['run'] = async (connection) => {
        const value = await work(connection);
        return () => resolve(value);
      };
      this.#queue.push({ access, run, fail: reject });
      this.#draining ??= this.#drain();
    });
  }

  async #drain(): Promise<void> {
    await Promise.resolve(); // jobs of the same turn wait together
    for (let group = this.#nextGroup(); group.length > 0; group = this.#nextGroup()) {
      try {
        await this.#runGroup(group, await this.#connected());
      } catch (error) {
        const failure = vaultFailure(`the vault ${this.#file} failed`, error);
        for (const { fail } of group) fail(failure); // jobs that were settled before are not affected
      }
    }
    this.#draining = undefined; // in the same step that found the queue empty, otherwise a new job could wait for ever
  }

  /** The jobs at the head of the queue that can share a transaction. */
  #nextGroup(): readonly Job[] {
    const access = this.#queue[0]?.access;
    const end = this.#queue.findIndex((job, at) => job.access !== access || at >= (access === 'alone' ? 1 : groupMax));
    return this.#queue.splice(0, end === -1 ? this.#queue.length : end);
  }

  async #runGroup(group: readonly Job[], connection: VaultConnection): Promise<void> {
    const [first] = group;
    if (first?.access === 'alone') return (await first.run(connection))();
    const { db } = connection;
    await untilUnlocked(() => db.exec(first?.access === 'write' ? 'BEGIN IMMEDIATE' : 'BEGIN'));
    const settle: (() => void)[] = [];
    try {
      for (const job of group) settle.push(await onSavepoint(connection, job));
      db.exec('COMMIT');
    } catch (error) {
      if (db.isTransaction) db.exec('ROLLBACK');
      throw error;
    }
    for (const done of settle) done();
  }

  async #connected(): Promise<VaultConnection> {
    if (this.#connection?.isInPlace() === false) {
      this.#connection.db.close(); // the file was replaced, e.g. from a backup
      this.#connection = undefined;
    }
    this.#connection ??= await VaultConnection.open(this.#file);
    return this.#connection;
  }
}

/** A coded error concerns that job only; any other error, for example a full disk, ends the whole group. */
async function onSavepoint(connection: VaultConnection, job: Job): Promise<() => void> {
  connection.db.exec('SAVEPOINT job');
  try {
    const done = await job.run(connection);
    connection.db.exec('RELEASE job');
    return done;
  } catch (error) {
    if (!isCodedError(error)) throw error;
    connection.db.exec('ROLLBACK TO job; RELEASE job');
    return () => job.fail(error);
  }
}
