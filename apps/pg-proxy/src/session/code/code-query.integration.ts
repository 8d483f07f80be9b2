import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import pg from 'pg';
import { CodeCatalogue, type CodeRows } from './code-catalogue.ts';
import { decodeJson } from '../backend/proxy-query.ts';
import { codeQuery, idsQuery, readCodeAnswer, readIds, type CodeObject } from './code-query.ts';

/** Small numbers that follow from a seed. */
function* numbersOf(seed: number): Generator<number> {
  for (let state = seed; ;) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    yield state >>> 8;
  }
}

/** A text that was read before a name in it became another one has the former; `uses` says what it runs. */
const nameless = ([name, source]: readonly [string, string]): readonly [string, string] => [
  name,
  source.replaceAll(/\b[ftv]\d\b/g, 'name'),
];
const sorted = (rows: CodeRows): Record<string, string[]> =>
  Object.fromEntries(
    Object.entries<readonly unknown[]>({ ...rows, sources: rows.sources.map(nameless) }).map(([key, list]) => [
      key,
      [...new Set(list.map((each) => JSON.stringify(each)))].toSorted(),
    ]),
  );

/** Each takes two numbers that choose names; some of them fail. */
const definitions: readonly ((a: number, b: number) => string)[] = [
  (a) => `create table t${a} (a int, b text)`,
  (a) => `drop table t${a} cascade`,
  (a, b) => `alter table t${a} rename to t${b}`,
  (a, b) => `create table t${a} (check (a > ${b})) inherits (t${b})`,
  (a) => `alter table t${a} add unique (a)`,
  (a, b) => `alter table t${a} add foreign key (a) references t${b} (a) on delete cascade`,
  (a, b) =>
    `create or replace function f${a}(int) returns int language plpgsql immutable as $$ begin return ${b}; end $$`,
  (a, b) =>
    `create or replace function f${a}(int) returns int language sql immutable begin atomic; select f${b}($1); end`,
  (a, b) => `create function f${a}() returns trigger language plpgsql as $$ begin perform f${b}(1); return new; end $$`,
  (a, b) => `alter function f${a}(int) rename to f${b}`,
  (a) => `drop function f${a}(int) cascade`,
  (a) => `drop function f${a}() cascade`,
  (a, b) => `create trigger g before insert on t${a} for each row execute function f${b}()`,
  (a) => `alter table t${a} disable trigger g`,
  (a) => `drop trigger g on t${a}`,
  (a, b) => `create or replace view v${a} as select a, f${b}(a) from t${b}`,
  (a, b) =>
    `create or replace view v${a} as select 1 as a, set_config('app.v', '${b}', false)::int as f${b} from v${b}`,
  (a, b) => `alter view v${a} rename to v${b}`,
  (a) => `drop view v${a} cascade`,
  (a, b) => `create rule r as on insert to v${a} do instead insert into t${b} values (1)`,
  (a) => `alter rule r on v${a} rename to q`,
  (a, b) => `alter table t${a} alter a set default f${b}(1)`,
  (a) => `alter table t${a} alter b set default set_config('app.d', '${a}', false)`,
  (a) => `alter table t${a} alter a drop default`,
  (a, b) => `alter table t${a} add constraint c check (f${b}(a) > 0)`,
  (a) => `alter table t${a} drop constraint c`,
  (a, b) => `create index i${a} on t${a} (f${b}(a))`,
  (a) => `drop index i${a}`,
  (a, b) => `create policy p on t${a} using (f${b}(a) = 1)`,
  (a, b) => `alter policy p on t${a} using (exists (select from v${b}))`,
  (a) => `drop policy p on t${a}`,
  (a, b) => `create operator @@@${'@'.repeat(a)} (rightarg = int, function = f${b})`,
  (a) => `drop operator @@@${'@'.repeat(a)} (none, int)`,
  (a, b) => `create domain d${a} int check (f${b}(value) > 0)`,
  (a) => `drop domain d${a}`,
  (a) => `create temp table t${a} (a int)`,
  () => 'discard temp',
];

describeReal('POSTGRES', 'the code in a catalogue', (where) => {
  // A database of its own: what other suites define at the same time would be read, too.
  const database = `code_${process.pid}`;
  const own = new URL(where);
  own.pathname = database;
  const server = new pg.Client({ connectionString: where });
  const reader = new pg.Client({ connectionString: own.href });
  const connected = async (): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: own.href });
    await client.connect();
    return client;
  };
  beforeAll(async () => {
    await server.connect();
    await server.query(`create database ${database}`);
    await reader.connect();
  });
  afterAll(async () => {
    await reader.end();
    await server.query(`drop database ${database} with (force)`);
    await server.end();
  });

  const ask = async (text: string): Promise<string> => {
    const results = (await reader.query({ text, rowMode: 'array' })) as unknown as { rows: string[][] }[];
    return decodeJson(results.at(-1)?.rows[0]?.[0] ?? '');
  };
  /** @returns what it read, of kinds and names */
  const renew = async (catalogue: CodeCatalogue): Promise<readonly CodeObject[]> => {
    const answer = readCodeAnswer(await ask(codeQuery(true, catalogue.since)));
    expect(catalogue.take(answer)).toBe(true);
    const gone = catalogue.gone(answer.counts) ?? ['function'];
    if (gone.length > 0) catalogue.keep(readIds(await ask(idsQuery(gone))));
    return answer.objects;
  };
  /** Whoever asks for the text of a view, or of a default, waits for those who change it. */
  const isLocked = async (): Promise<boolean> => {
    const { rowCount } =
      await reader.query(`select from pg_locks where mode = 'AccessExclusiveLock' and locktype = 'relation'
      and database = (select oid from pg_database where datname = current_database())`);
    return rowCount !== 0;
  };
  const whole = async (): Promise<Record<string, string[]>> => {
    const catalogue = new CodeCatalogue();
    await renew(catalogue);
    return sorted(catalogue.takeRows());
  };

  it('is read once: what has not changed is not read again', async () => {
    await reader.query(`
      create table kept (a int);
      create function kept() returns int language sql as 'select 1';
      create view kept_view as select a from kept`);
    const catalogue = new CodeCatalogue();
    expect((await renew(catalogue)).length).toBeGreaterThan(3);
    catalogue.takeRows();
    // What is newer than the oldest transaction of the whole server is read again.
    await eventually(async () => (await renew(catalogue)).length === 0);
    expect(catalogue.isOther).toBe(false);
    await reader.query(
      `create function made() returns text language sql as $$ select set_config('a.b', '1', false) $$`,
    );
    await reader.query('create view made_view as select made() from kept');
    const named = (await renew(catalogue)).map(([kind, , , name]) => `${kind} ${name}`);
    expect(named).toEqual(expect.arrayContaining(['function made', 'relation made_view', 'rule null']));
    expect(named.filter((each) => each.includes('kept'))).toEqual([]);
    expect(catalogue.takeRows().uses.filter(([user]) => user === 'made_view')).toEqual([
      ...[
        ['made_view', 'made'],
        ['made_view', 'kept'],
      ],
    ]);
    await reader.query('drop view made_view');
    expect((await renew(catalogue)).filter(([, , , name]) => name?.startsWith('kept'))).toEqual([]);
    expect(catalogue.takeRows().relations).not.toContain('made_view');
  });

  it('is read when its transaction has ended, however long that was running', async () => {
    const other = await connected();
    const catalogue = new CodeCatalogue();
    await other.query('begin; create function slow() returns int language sql as $$ select 1 $$');
    await reader.query('create function quick() returns int language sql as $$ select 1 $$');
    await renew(catalogue);
    expect(catalogue.takeRows().functions).not.toContain('slow');
    await reader.query('create function quicker() returns int language sql as $$ select 1 $$');
    await renew(catalogue);
    await other.query('savepoint s; create function inside() returns int language sql as $$ select 1 $$; release s');
    await other.query('commit');
    await renew(catalogue);
    expect(catalogue.takeRows().functions).toEqual(expect.arrayContaining(['slow', 'quick', 'quicker', 'inside']));
    await other.end();
  });

  const seeds = (process.env['MEDREX_FUZZ_SEED'] ?? '1,2').split(',').map(Number);
  it.each(seeds)(
    'is, read bit by bit, what it is when all is read, whatever two of them define (seed %s)',
    async (seed) => {
      const definers = [await connected(), await connected()] as const;
      const [one, other] = definers;
      const numbers = numbersOf(seed);
      const next = (below: number): number => (numbers.next().value as number) % below;
      await reader.query('drop schema if exists of_two cascade; create schema of_two');
      for (const each of definers) await each.query(`set search_path to of_two; set lock_timeout to '50ms'`);
      const catalogue = new CodeCatalogue();
      let ran = 0;
      for (let step = 0; step < 400; step++) {
        const by = next(3) === 0 ? other : one;
        const text = by === other && next(4) === 0 ? ['begin', 'commit', 'rollback'][next(3)] : undefined;
        const defined = text ?? definitions[next(definitions.length)]?.(next(4), next(4)) ?? '';
        await by.query(defined).then(
          () => ran++,
          () => undefined,
        );
        if (next(3) > 0 || (await isLocked())) continue;
        await renew(catalogue);
        expect(sorted(catalogue.takeRows())).toEqual(await whole());
      }
      for (const each of definers) await each.end();
      await reader.query('drop schema of_two cascade');
      expect(ran).toBeGreaterThan(100);
    },
  );
});
