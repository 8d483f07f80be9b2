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
 * PostgreSQL's transactions on a connection of IRIS: a failed one takes nothing but its end, and statements that come together
 * without BEGIN are all done or none.
 */
export class Transaction {
  readonly #connection: SqlConnection;
  #state: 'none' | 'implicit' | 'explicit' | 'failed' = 'none';
  /** IRIS keeps those that were released, and does not tell one that is not there as PostgreSQL does. */
  #savepoints: Savepoint[] = [];
  /** A client has set something in IRIS's own SQL, which would stay with the process. */
  isTouched = false;
  /** What has to be done while it is still open; where that fails before a commit, nothing is kept. */
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

  /** A block of several statements that nobody began. */
  async beginImplicit(): Promise<void> {
    if (this.#state !== 'none') return;
    await this.#connection.begin(standard);
    this.#state = 'implicit';
  }

  /** False: one is open already. */
  async begin(isReadOnly: boolean): Promise<boolean> {
    if (this.#state === 'none') await this.#connection.begin({ ...standard, isReadOnly });
    const wasBegun = this.#state === 'explicit';
    if (this.#state !== 'failed') this.#state = 'explicit';
    return !wasBegun;
  }

  /** True: it is kept. A failed one is rolled back. */
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

  /** Outside of a transaction a process is as every session expects it. */
  async restore(): Promise<void> {
    if (!this.isTouched || this.#state !== 'none') return;
    this.isTouched = false;
    await this.#connection.run(isolationSql, [], standardPage);
  }

  /** The end of a block that nobody began. */
  async endImplicit(): Promise<void> {
    if (this.#state === 'implicit') await this.commit();
  }

  /** A statement failed. */
  async failed(): Promise<void> {
    if (this.#state === 'implicit') await this.rollback();
    else if (this.#state === 'explicit') this.#state = 'failed';
  }

  saved(name: string, settings: SavedSettings): void {
    this.#savepoints.push({ name, settings });
  }

  /** What was saved behind it is gone with it. @throws SessionFault 3B001 */
  release(name: string): void {
    this.#savepoints.length = this.#savepoints.indexOf(this.#named(name));
  }

  /** ROLLBACK TO, which leaves the savepoint where it is. Returns what was set there. @throws SessionFault 3B001 */
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

  /** @throws SessionFault 25P01 */
  expectBlock(what: string): void {
    if (this.#state === 'none' || this.#state === 'implicit')
      throw new SessionFault('25P01', `${what} can only be used in transaction blocks`);
  }
}
