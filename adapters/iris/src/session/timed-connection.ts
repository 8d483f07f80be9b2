import type { PageSize, SqlAnswer, SqlConnection, SqlValue } from '@medrex/sql-driver';
import { standardPage } from '../database/page-sizes.ts';
import { reportOf, SessionFault } from './session-fault.ts';
import type { SessionSettings } from './session-settings.ts';

/** The maximum lock timeout of IRIS. */
const lockSecondsMax = 32_767;

/**
 * Runs statements with the client's timeouts: statement_timeout cancels the statement; lock_timeout is set in the IRIS process, which
 * keeps it.
 */
export class TimedConnection {
  readonly #connection: SqlConnection;
  readonly #settings: SessionSettings;
  readonly #lockSecondsStandard: number;
  #lockSeconds: number;
  #isAsking = false;
  #isOver = false;
  #cancelled: Promise<void> | undefined;

  /** @param lockTimeoutMs the default lock timeout of a process */
  constructor(connection: SqlConnection, settings: SessionSettings, lockTimeoutMs: number) {
    this.#connection = connection;
    this.#settings = settings;
    this.#lockSecondsStandard = secondsOf(lockTimeoutMs);
    this.#lockSeconds = this.#lockSecondsStandard;
  }

  /** Runs a statement; its calls to IRIS after statement_timeout fail with 57014. */
  async within(statement: () => Promise<void>): Promise<void> {
    const timeoutMs = this.#settings.timeoutMs('statement_timeout');
    if (timeoutMs === 0) return statement();
    const timer = setTimeout(() => this.#expire(), timeoutMs);
    try {
      await statement();
    } finally {
      clearTimeout(timer);
      this.#isOver = false;
    }
  }

  /** @throws SessionFault 57014, SqlFailure */
  async run(sql: string, parameters: readonly SqlValue[], page: PageSize, isNowait = false): Promise<SqlAnswer> {
    await this.#tellLockTimeout(isNowait);
    const answer = await this.#timed(() => this.#connection.run(sql, parameters, page));
    if (answer.kind === 'count') return answer;
    const { cursor } = answer;
    return {
      ...answer,
      cursor: { next: (more) => this.#timed(() => cursor.next(more)), close: () => cursor.close() },
    };
  }

  /** @throws SessionFault 57014, SqlFailure */
  async runMany(sql: string, batch: readonly (readonly SqlValue[])[]): Promise<number> {
    await this.#tellLockTimeout(false);
    return this.#timed(() => this.#connection.runMany(sql, batch));
  }

  /** Sets the lock timeout of the process, in whole seconds; IRIS has no unlimited wait. */
  async #tellLockTimeout(isNowait: boolean): Promise<void> {
    const ownMs = this.#settings.timeoutMs('lock_timeout');
    const seconds = isNowait ? 0 : ownMs === 0 ? this.#lockSecondsStandard : secondsOf(ownMs);
    if (seconds === this.#lockSeconds) return;
    await this.#timed(() => this.#connection.run(`SET OPTION LOCK_TIMEOUT = ${seconds}`, [], standardPage));
    this.#lockSeconds = seconds;
  }

  /** Marks the statement as timed out, and cancels its running call. */
  #expire(): void {
    this.#isOver = true;
    if (this.#isAsking) this.#cancelled = this.#connection.cancel().catch(() => undefined); // if the cancel fails, the call runs to its end
  }

  #checkTime(): void {
    if (this.#isOver) throw new SessionFault('57014', 'canceling statement due to statement timeout');
  }

  async #timed<T>(ask: () => Promise<T>): Promise<T> {
    this.#checkTime();
    this.#isAsking = true;
    try {
      return await ask();
    } catch (error) {
      if (reportOf(error).sqlstate === '57014') this.#checkTime();
      throw error;
    } finally {
      this.#isAsking = false;
      // The cancel must not hit a later call.
      await this.#cancelled;
      this.#cancelled = undefined;
    }
  }
}

const secondsOf = (milliseconds: number): number => Math.min(lockSecondsMax, Math.ceil(milliseconds / 1_000));
