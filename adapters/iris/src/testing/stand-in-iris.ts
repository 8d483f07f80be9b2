import {
  SqlFailure,
  type PageSize,
  type SqlAnswer,
  type SqlConnection,
  type SqlDescription,
  type SqlDriver,
  type SqlLogin,
  type SqlValue,
  type TransactionModes,
} from '@medrex/sql-driver';
import { postgresOfIris } from '@medrex/sql/testing';
import { postgresOfDefinition } from './stand-in-definitions.ts';
import { StandInLicences } from './stand-in-licences.ts';
import { standInSchema } from './stand-in-schema.ts';
import { syntaxProblem } from './stand-in-syntax.ts';

export interface StandInOptions {
  /** The PostgreSQL that has the rows. */
  readonly postgres: SqlDriver;
  readonly version: string;
  readonly licenceUnits?: number;
}

const smallPage: PageSize = { rowsMax: 1, bytesMax: 1_000 };

/**
 * A stand-in for the driver of IRIS, on PostgreSQL: it accepts the IRIS SQL of one version only, counts connections like a licence, keeps
 * the isolation level of a process, and fails with SQLCODEs. Statements are converted by a parser that is independent of the translator.
 */
export class StandInIris implements SqlDriver {
  readonly licences: StandInLicences;
  readonly connections = new Set<StandInConnection>();
  readonly #options: StandInOptions;
  #made: Promise<void> | undefined;

  constructor(options: StandInOptions) {
    this.#options = options;
    this.licences = new StandInLicences(options.licenceUnits ?? 100);
  }

  async open(login: SqlLogin): Promise<SqlConnection> {
    if (!this.licences.take(login.user)) throw new SqlFailure('License limit exceeded', { isFatal: true });
    let connection: StandInConnection | undefined; // `lost` may be called before it is set, if the bridge ends meanwhile
    try {
      const inner = await this.#options.postgres.open({ ...login, lost: () => this.#lost(connection, login) });
      await (this.#made ??= make(inner));
      await inner.run('SET search_path TO sqluser, public', [], smallPage);
      const opened: StandInConnection = new StandInConnection(inner, this.#options.version, this, () =>
        this.#closed(opened, login),
      );
      connection = opened;
      this.connections.add(opened);
      return opened;
    } catch (error) {
      this.licences.giveBack(login.user);
      throw error;
    }
  }

  #lost(connection: StandInConnection | undefined, login: SqlLogin): void {
    if (connection !== undefined) this.#closed(connection, login);
    login.lost();
  }

  #closed(connection: StandInConnection, { user }: SqlLogin): void {
    if (this.connections.delete(connection)) this.licences.giveBack(user);
  }
}

async function make(connection: SqlConnection): Promise<void> {
  await connection.run(
    `DO $make$ BEGIN PERFORM pg_advisory_xact_lock(20251); END $make$; ${standInSchema}`,
    [],
    smallPage,
  );
}

/** A process of the stand-in. */
export class StandInConnection implements SqlConnection {
  readonly processId: string;
  /** The isolation level, which persists; this is the default of an IRIS process. */
  isolation: TransactionModes['isolation'] = 'read uncommitted';
  /** The isolation level of each statement that was run. */
  readonly isolations: TransactionModes['isolation'][] = [];
  readonly #inner: SqlConnection;
  readonly #version: string;
  readonly #iris: StandInIris;
  readonly #closed: () => void;
  /** The row of LAST_IDENTITY. */
  #lastRow = '(0,0)';
  #lockTimeoutMs = 10_000;

  constructor(inner: SqlConnection, version: string, iris: StandInIris, closed: () => void) {
    this.#inner = inner;
    this.processId = inner.processId;
    this.#version = version;
    this.#iris = iris;
    this.#closed = closed;
  }

  async describe(sql: string): Promise<SqlDescription> {
    const { columns } = await this.#asIris(() => this.#inner.describe(this.#postgres(sql, [])));
    return { columns, parameters: [] };
  }

  async run(sql: string, parameters: readonly SqlValue[], page: PageSize): Promise<SqlAnswer> {
    const isolation = /^SET TRANSACTION ISOLATION LEVEL (READ (?:UN)?COMMITTED)\b/.exec(sql)?.[1];
    if (isolation !== undefined) {
      this.isolation = isolation.toLowerCase() as TransactionModes['isolation'];
      return { kind: 'count', rows: 0 };
    }
    const lockSeconds = /^SET OPTION LOCK_TIMEOUT = (\d+)$/.exec(sql)?.[1];
    if (lockSeconds !== undefined) {
      this.#lockTimeoutMs = Number(lockSeconds) * 1_000 || 1; // 0 means no timeout in PostgreSQL
      return this.#setLockTimeout();
    }
    const cancelled = /^CANCEL QUERY (\d+)/.exec(sql)?.[1];
    if (cancelled !== undefined) return this.#cancelOther(cancelled);
    this.isolations.push(this.isolation);
    return this.#asIris(async () => {
      const text = this.#postgres(sql, parameters);
      if (!text.startsWith('INSERT ')) return this.#inner.run(text, [], page);
      const last = '(array_agg(row))[count(*)]';
      const counted = `WITH made (row) AS (${text} RETURNING ctid::text) SELECT count(*), ${last} FROM made`;
      const answer = await this.#inner.run(counted, [], smallPage);
      const [rows, row] = answer.kind === 'rows' ? (answer.first.rows[0] ?? []) : [];
      if (row instanceof Uint8Array) this.#lastRow = Buffer.from(row).toString();
      return { kind: 'count', rows: Number(Buffer.from(rows ?? []).toString()) };
    });
  }

  async runMany(sql: string, batch: readonly (readonly SqlValue[])[]): Promise<number> {
    let changed = 0;
    for (const parameters of batch) {
      const answer = await this.run(sql, parameters, smallPage);
      changed += answer.kind === 'count' ? answer.rows : 0;
    }
    return changed;
  }

  async begin(modes: TransactionModes): Promise<void> {
    this.isolation = modes.isolation;
    await this.#inner.begin(modes);
  }

  async commit(): Promise<void> {
    await this.#asIris(() => this.#inner.commit());
  }

  async rollback(): Promise<void> {
    await this.#inner.rollback();
    await this.#setLockTimeout();
  }

  async cancel(): Promise<void> {
    await this.#inner.cancel();
  }

  async close(): Promise<void> {
    this.#closed();
    await this.#inner.close();
  }

  /** Sets it in PostgreSQL, which reverts it on rollback, unlike IRIS. */
  async #setLockTimeout(): Promise<SqlAnswer> {
    return this.#inner.run(`SET lock_timeout TO ${this.#lockTimeoutMs}`, [], smallPage);
  }

  async #cancelOther(processId: string): Promise<SqlAnswer> {
    const other = [...this.#iris.connections].find((each) => each.processId === processId);
    if (other === undefined) throw irisFailure(-400, 'the process runs no query');
    await other.cancel();
    return { kind: 'count', rows: 0 };
  }

  #postgres(sql: string, parameters: readonly SqlValue[]): string {
    const explained = /^EXPLAIN /.exec(sql);
    if (explained !== null) return `EXPLAIN ${this.#postgres(sql.slice(explained[0].length), parameters)}`;
    if (/^(?:SAVEPOINT|ROLLBACK TO SAVEPOINT) /.test(sql)) return sql;
    const problem = syntaxProblem(sql, this.#version);
    if (problem !== undefined) throw irisFailure(problem.sqlcode, problem.message);
    const text = readAsPostgres(sql, parameters.map(textOf));
    return text
      .replaceAll('"information_schema".', '"iris_information_schema".')
      .replaceAll('LAST_IDENTITY()', `'${this.#lastRow}'::tid`);
  }

  async #asIris<T>(run: () => Promise<T>): Promise<T> {
    try {
      return await run();
    } catch (error) {
      if (!(error instanceof SqlFailure) || error.isFatal || error.sqlcode !== undefined) throw error;
      throw irisFailure(sqlcodes[error.sqlstate ?? ''] ?? -400, irisWording(error), error);
    }
  }
}

function readAsPostgres(sql: string, values: readonly (string | null)[]): string {
  try {
    return postgresOfDefinition(sql) ?? postgresOfIris(sql, values);
  } catch (error) {
    throw irisFailure(-1, (error as Error).message);
  }
}

function textOf(value: SqlValue): string | null {
  if (value === null) return null;
  if (value.as === 'bytes') return `\\x${Buffer.from(value.bytes).toString('hex')}`;
  if (value.as !== 'list') return value.text;
  return `{${value.items.map((item) => `"${item.replaceAll(/["\\]/g, '\\$&')}"`).join(',')}}`;
}

/**
 * Rewords errors as IRIS does: unknown names in upper case with the alias of the table and its schema, and errors of ObjectScript by
 * their codes.
 */
function irisWording({ sqlstate = '', message }: SqlFailure): string {
  if (message.includes('overflow')) return `<MAXNUMBER> ${message}`;
  if (['2201E', '2201F', '22003'].includes(sqlstate)) return `<ILLEGAL VALUE> ${message}`;
  const [, name = ''] = /\b(?:column|relation) "?([^" ]+)/.exec(message) ?? [];
  if (sqlstate === '42703') return `Field '${name.toUpperCase()}' not found in the applicable tables`;
  if (sqlstate !== '42P01' || !message.includes('relation')) return message;
  return `Table '${name.includes('.') ? '' : 'SQLUSER.'}${name.toUpperCase()}' not found`;
}

/** A failure in the wording of InterSystems' driver. */
function irisFailure(sqlcode: number, message: string, cause?: unknown): SqlFailure {
  return new SqlFailure(`[SQLCODE: <${sqlcode}>] ${message}`, { sqlcode, sqlstate: 'S1000', cause });
}

const sqlcodes: Readonly<Record<string, number>> = {
  '42601': -1,
  '42P01': -30,
  '42703': -29,
  '42883': -359,
  '23505': -119,
  '23502': -108,
  '23503': -121,
  '22P02': -104,
  '22001': -104,
  '42P07': -201,
  '55P03': -110,
  '57014': -450,
  '42501': -99,
  '2BP01': -321,
};
