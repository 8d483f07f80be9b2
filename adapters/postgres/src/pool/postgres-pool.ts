import { isCodedError } from '@medrex/coded-error';
import type { ObservedPool, PoolState } from '@medrex/contracts';
import type { ConnectionOptions } from 'node:tls';
import { DatabaseError, Pool, type PoolClient } from 'pg';
import { postgresError } from '../errors.ts';
import type { PostgresAddress } from './address.ts';
import type { AuthorityFile } from './authority-file.ts';

/** How much longer than the server's statement_timeout the client waits, as the server's error is preferable. */
const answerGraceMs = 2_000;
/** An idle connection in a transaction holds locks: the server closes it after this time, for a process that was stopped there. */
const idleInTransactionMs = 10_000;
const idleMs = 30_000;
/** Maximum lifetime of a connection, so that none stays for ever after a fail-over or a new password. */
const lifetimeSeconds = 3_600;

export interface PostgresPoolOptions {
  readonly address: PostgresAddress;
  /** Name of the database in messages. */
  readonly shownAs: string;
  /** Called for each new connection. */
  readonly password: (() => string) | undefined;
  /** TLS with this certificate authority or the system's; no TLS when absent. */
  readonly tls: { readonly authority: AuthorityFile | undefined } | undefined;
  readonly connectionsMax: number;
  readonly waitingMax: number;
  readonly connectTimeoutMs: number;
  readonly statementTimeoutMs: number;
}

/** A bounded set of connections to one database, shared by the stores of a process. */
export class PostgresPool implements ObservedPool {
  readonly name = 'postgres';
  readonly shownAs: string;
  readonly #pool: Pool;
  readonly #options: PostgresPoolOptions;
  #waited: (waitedMs: number) => void = () => undefined;
  #failed: () => void = () => undefined;
  #closed: Promise<void> | undefined;

  constructor(options: PostgresPoolOptions) {
    this.#options = options;
    this.shownAs = options.shownAs;
    this.#pool = new Pool(poolConfig(options));
    // Without a listener, an idle connection that breaks would end the process; calls get their own errors.
    this.#pool.on('error', () => this.#failed());
    this.#pool.on('connect', (client) => client.on('error', () => undefined));
  }

  state(): PoolState {
    const { totalCount, idleCount, waitingCount } = this.#pool;
    const { connectionsMax } = this.#options;
    return { inUse: totalCount - idleCount, idle: idleCount, waiting: waitingCount, connectionsMax };
  }

  onWaited(listener: (waitedMs: number) => void): void {
    this.#waited = listener;
  }

  onConnectionFailed(listener: () => void): void {
    this.#failed = listener;
  }

  /**
   * Runs `work` with a connection. If the connection may be in an unknown state afterwards, it is closed.
   *
   * @throws CodedError POSTGRES_FAILED, POSTGRES_POOL_FULL, POSTGRES_CLOSED, and coded errors of `work`.
   */
  async use<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    let isBroken = true;
    try {
      const value = await work(client);
      isBroken = false;
      return value;
    } catch (error) {
      isBroken = !(error instanceof DatabaseError || isCodedError(error)) || isLost(error);
      throw this.#failure(error);
    } finally {
      if (isBroken) this.#failed();
      client.release(isBroken);
    }
  }

  /** Like `use`, for work that changes the connection's settings or may take long: the connection is closed afterwards. */
  async useOnce<T>(work: (client: PoolClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    try {
      return await work(client);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      client.release(true);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#pool.end();
    return this.#closed;
  }

  async #connect(): Promise<PoolClient> {
    const { waitingMax } = this.#options;
    if (this.#closed !== undefined) throw postgresError('POSTGRES_CLOSED', `${this.shownAs} was closed here`);
    if (this.#pool.waitingCount >= waitingMax)
      throw postgresError('POSTGRES_POOL_FULL', `${this.shownAs}: ${waitingMax} calls wait for a connection`);
    const started = performance.now();
    try {
      return await this.#pool.connect();
    } catch (error) {
      this.#failed();
      throw this.#failure(error);
    } finally {
      this.#waited(performance.now() - started);
    }
  }

  #failure(error: unknown): unknown {
    if (isCodedError(error)) return error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
    return postgresError('POSTGRES_FAILED', `${this.shownAs} failed: ${code}`, { cause: error });
  }
}

/** Classes 08 and 57: the connection is gone, or the server goes. */
function isLost(error: unknown): boolean {
  return error instanceof DatabaseError && /^(08|57P)/.test(error.code ?? '');
}

/** TLS options; the driver reads them for each connection. */
function tlsOf(authority: AuthorityFile | undefined): ConnectionOptions {
  if (authority === undefined) return { rejectUnauthorized: true };
  return {
    rejectUnauthorized: true,
    get secureContext() {
      return authority.context();
    },
  };
}

function poolConfig({ address, password, tls, ...limits }: PostgresPoolOptions): ConstructorParameters<typeof Pool>[0] {
  const { host, port, database, user } = address;
  return {
    host,
    port,
    database,
    user,
    ...(password !== undefined && { password: () => password() }),
    ssl: tls === undefined ? false : tlsOf(tls.authority),
    max: limits.connectionsMax,
    connectionTimeoutMillis: limits.connectTimeoutMs,
    idleTimeoutMillis: idleMs,
    maxLifetimeSeconds: lifetimeSeconds,
    statement_timeout: limits.statementTimeoutMs,
    query_timeout: limits.statementTimeoutMs + answerGraceMs,
    idle_in_transaction_session_timeout: idleInTransactionMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: 10_000,
    application_name: 'medrex',
  };
}
