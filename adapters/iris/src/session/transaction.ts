import { transactionStatus, type TransactionStatus } from '@medrex/pg-wire';
import type { SqlConnection, TransactionModes } from '@medrex/sql-driver';
import { isolationSql, standardPage } from '../database/page-sizes.ts';
import { SessionFault } from './session-fault.ts';
import type { SavedSettings } from './session-settings.ts';

const standard: TransactionModes = { isolation: 'read committed', isReadOnly: false };

interface Savepoint {
  readonly name: string;
  readonly settings: SavedSettings;
}

/**
 * PostgreSQL's transaction semantics on a connection of IRIS: a failed transaction accepts only its end, and several statements sent
 * together without BEGIN are one implicit transaction.
 */
export class Transaction {
  readonly #connection: SqlConnection;
  #state: 'none' | 'implicit' | 'explicit' | 'failed' = 'none';
  /** Tracked here, as IRIS keeps released savepoints, and reports unknown ones differently. */
  #savepoints: Savepoint[] = [];
  /** Passed-through IRIS SQL may have changed settings of the process. */
  isTouched = false;
  /** Called before the transaction ends; if it fails before a commit, the transaction is rolled back. */
  beforeEnd: (isCommit: boolean) => Promise<void> = () => Promise.resolve();

  constructor(connection: SqlConnection) {
    this.#connection = connection;
  }

  get status(): TransactionStatus {
    if (this.#state === 'failed') return transactionStatus.failed;
    return this.#state === 'explicit' ? transactionStatus.inside : transactionStatus.idle;
  }

  get isOpen(): boolean {
    return this.#state !== 'none';
  }

  get isFailed(): boolean {
    return this.#state === 'failed';
  }

  /** Begins an implicit transaction of several statements. */
  async beginImplicit(): Promise<void> {
    if (this.#state !== 'none') return;
    await this.#connection.begin(standard);
    this.#state = 'implicit';
  }

  /** False: a transaction block is open already. */
  async begin(isReadOnly: boolean): Promise<boolean> {
    if (this.#state === 'none') await this.#connection.begin({ ...standard, isReadOnly });
    const wasBegun = this.#state === 'explicit';
    if (this.#state !== 'failed') this.#state = 'explicit';
    return !wasBegun;
  }

  /** Returns whether it was committed; a failed one is rolled back. */
  async commit(): Promise<boolean> {
    if (this.#state === 'failed') {
      await this.rollback();
      return false;
    }
    if (this.#state === 'none') return true;
    try {
      await this.beforeEnd(true);
    } catch (error) {
      await this.rollback();
      throw error;
    }
    this.#ended();
    await this.#connection.commit();
    return true;
  }

  async rollback(): Promise<void> {
    if (this.#state === 'none') return;
    await this.beforeEnd(false);
    this.#ended();
    await this.#connection.rollback();
  }

  /** Restores the default isolation level of the process after a transaction. */
  async restore(): Promise<void> {
    if (!this.isTouched || this.#state !== 'none') return;
    this.isTouched = false;
    await this.#connection.run(isolationSql, [], standardPage);
  }

  /** Commits an implicit transaction. */
  async endImplicit(): Promise<void> {
    if (this.#state === 'implicit') await this.commit();
  }

  /** A statement has failed. */
  async failed(): Promise<void> {
    if (this.#state === 'implicit') await this.rollback();
    else if (this.#state === 'explicit') this.#state = 'failed';
  }

  saved(name: string, settings: SavedSettings): void {
    this.#savepoints.push({ name, settings });
  }

  /** Releases a savepoint and all later ones. @throws SessionFault 3B001 */
  release(name: string): void {
    this.#savepoints.length = this.#savepoints.indexOf(this.#named(name));
  }

  /** ROLLBACK TO, which keeps the savepoint. Returns the settings at it. @throws SessionFault 3B001 */
  async rollbackTo(name: string, run: () => Promise<void>): Promise<SavedSettings> {
    const savepoint = this.#named(name);
    await run();
    this.#savepoints.length = this.#savepoints.indexOf(savepoint) + 1;
    if (this.#state === 'failed') this.#state = 'explicit';
    return savepoint.settings;
  }

  #named(name: string): Savepoint {
    const savepoint = this.#savepoints.findLast((each) => each.name === name);
    if (savepoint !== undefined) return savepoint;
    throw new SessionFault('3B001', `savepoint "${name}" does not exist`);
  }

  #ended(): void {
    this.#state = 'none';
    this.#savepoints = [];
  }

  /** @throws SessionFault 25P01 no transaction block is open */
  expectBlock(what: string): void {
    if (this.#state === 'none' || this.#state === 'implicit')
      throw new SessionFault('25P01', `${what} can only be used in transaction blocks`);
  }
}
