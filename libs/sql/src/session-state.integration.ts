import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, seededRandom } from '@medrex/contracts/testing';
import pg from 'pg';
import { SessionState, type PinReason } from './session-state.ts';
import { SqlAnalyser } from './sql-analyser.ts';
import type { Statement } from './statement.ts';

const seed = Number(process.env['MEDREX_SEED'] ?? 5);
const sessions = 40;
const statementsEach = 40;

/** Statements of random sessions, failing ones among them. */
const texts = [
  'select 1', 'set application_name = \'a\'', 'set search_path to a, "B c"', 'set local work_mem = \'1MB\'', 'reset application_name',
  'reset all', "select set_config('my.value', 'x', false)", "select set_config('my.value', 'x', true)", "select set_config('my.value', 'z', 'ON')", 'set time zone \'UTC\'',
  'create temp table t (a int)', 'drop table t', 'drop table if exists t', 'create temp table u (a int) on commit drop',
  'create temp view v as select 1', 'drop view v', 'discard temp', 'listen c', 'listen d', 'unlisten c', 'unlisten *',
  'select pg_advisory_lock(1)', 'select pg_advisory_unlock(1)', "select pg_advisory_lock(hashtext('x'))",
  "select pg_advisory_unlock(hashtext('x'))", 'select pg_advisory_unlock_all()', 'select pg_advisory_xact_lock(7)',
  'select pg_advisory_lock(2), 1 / (random() * 0)::int', 'select pg_advisory_unlock(2)', 'prepare p as select 1', 'execute p', 'deallocate p',
  'deallocate all', 'declare h cursor with hold for select 1', 'declare n cursor for select 1', 'close h', 'close all', 'discard all',
  'begin', 'begin', 'begin', 'commit', 'commit', 'rollback', 'savepoint s', 'rollback to s', 'release s', 'select 1 / 0',
  'commit and chain', 'set a.b = 1; select 1 / 0', 'set a.b = 1; select 2', 'set a.c = 1; begin', 'listen e; commit', 'reset role',
  ...Array<string>(4).fill('insert into fails_at_commit values (1), (1)'),
]; // prettier-ignore

/** Queries the state of the session that outlives its transactions. */
const truth = `
  SELECT array_remove(ARRAY[
    CASE WHEN EXISTS (SELECT FROM pg_settings WHERE source = 'session' AND name <> 'role')
      OR concat(current_setting('my.value', true), current_setting('a.b', true), current_setting('a.c', true)) <> '' THEN 'parameter' END,
    CASE WHEN EXISTS (SELECT FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind IN ('r', 'v')) THEN 'temporaryObject' END,
    CASE WHEN EXISTS (SELECT FROM pg_listening_channels()) THEN 'listen' END,
    CASE WHEN EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory' AND pid = pg_backend_pid()) THEN 'advisoryLock' END,
    CASE WHEN EXISTS (SELECT FROM pg_prepared_statements WHERE from_sql) THEN 'preparedStatement' END,
    CASE WHEN EXISTS (SELECT FROM pg_cursors WHERE is_holdable AND name <> '') THEN 'heldCursor' END], NULL) AS reasons`;

describeReal('POSTGRES', 'what a session has left behind', (where) => {
  let analyser: SqlAnalyser;

  beforeAll(async () => {
    analyser = await SqlAnalyser.load();
    await askOnce(where, 'create table if not exists fails_at_commit (a int unique deferrable initially deferred)');
  });
  afterAll(() => askOnce(where, 'drop table fails_at_commit'));

  it(`agrees with the server between transactions over random statements (seed ${seed})`, async () => {
    const random = seededRandom(seed);
    for (let session = 0; session < sessions; session++) {
      const client = new WatchedSession(where, analyser);
      await client.open();
      try {
        for (let place = 0; place < statementsEach; place++) {
          await client.run(texts[Math.floor(random() * texts.length)] ?? '');
          if (client.isIdle) await client.check();
        }
      } finally {
        await client.close();
      }
    }
  });
});

async function askOnce(where: string, text: string): Promise<void> {
  const client = new pg.Client({ connectionString: where });
  await client.connect();
  await client.query(text).finally(() => client.end());
}

/** A connection and its SessionState, fed with the messages that a proxy sees. */
class WatchedSession {
  readonly #client: pg.Client;
  readonly #analyser: SqlAnalyser;
  readonly #state = new SessionState();
  readonly #log: string[] = [];
  #status: 'I' | 'T' | 'E' = 'I';
  #completed = 0;
  #statements: readonly Statement[] = [];

  constructor(where: string, analyser: SqlAnalyser) {
    this.#client = new pg.Client({ connectionString: where });
    this.#analyser = analyser;
  }

  async open(): Promise<void> {
    await this.#client.connect();
    const { connection } = this.#client as unknown as { connection: NodeJS.EventEmitter };
    connection.on('commandComplete', ({ text }: { text: string }) => {
      const statement = this.#statements[this.#completed++];
      if (statement !== undefined) this.#state.completed(statement, { tag: text });
    });
    connection.on('errorMessage', () => this.#state.failed(this.#statements[this.#completed]));
    connection.on('readyForQuery', ({ status }: { status: 'I' | 'T' | 'E' }) => {
      this.#status = status;
      this.#state.settled(status);
    });
  }

  get isIdle(): boolean {
    return this.#status === 'I';
  }

  async run(text: string): Promise<void> {
    const analysis = this.#analyser.analyse(text);
    this.#statements = analysis.kind === 'read' ? analysis.statements : [];
    this.#completed = 0;
    this.#log.push(text);
    await this.#client.query(text).catch(() => undefined);
  }

  async check(): Promise<void> {
    this.#statements = [];
    const { rows } = await this.#client.query<{ reasons: PinReason[] }>(truth);
    const known: readonly PinReason[] = this.#state.reasons;
    expect({ log: this.#log, reasons: rows[0]?.reasons }).toEqual({ log: this.#log, reasons: known });
  }

  async close(): Promise<void> {
    await this.#client.end();
  }
}

describe('the statements above', () => {
  it('can all be parsed', async () => {
    const analyser = await SqlAnalyser.load();
    expect(texts.filter((text) => analyser.analyse(text).kind !== 'read')).toEqual([]);
  });
});
