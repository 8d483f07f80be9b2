import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { bind, describe as describeMessage, execute, parse, sync } from '@medrex/pg-wire';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';
import { accessOf, WireClient } from '../testing/wire-client.ts';

/** What a text writes into `log` though it does not name it. */
const hidden = [
  'insert into with_default (id) values (1)',
  'insert into with_check values (1)',
  'insert into with_domain values (1)',
  'insert into quoted values (1)',
  'insert into escaped values (1)',
  'insert into dollars values (1)',
  'select * from logged',
  'select id from nested',
  'with x as (table nested) select * from x',
  'copy (table logged) to stdout',
  'explain analyze select * from logged',
  'prepare p as select * from logged; execute p; deallocate p',
  'begin; declare c cursor for select * from logged; fetch c; commit',
  'begin; set local role hidden_writes_role; select * from guarded; commit',
  'select logging_sum(id) from ward',
  'select id === 2 from ward',
  'do $$ begin create rule told as on insert to ruled do also insert into log values (2); end $$; insert into ruled values (1)',
] as const;

describeReal('POSTGRES', 'cached answers from a table that is written without being named', (where) => {
  let rig: RealRig;
  let reader: pg.Client;
  let writer: pg.Client;
  const counts = async (client: pg.Client, text = 'select count(*) as n from log'): Promise<string | undefined> =>
    (await client.query<{ n: string }>(text)).rows[0]?.n;
  const caches = () => rig.running.proxy.host.caches!;

  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 5, undefined, {
      cache: { rules: [{}], metadata: true, pollMs: 60_000, ttlMs: 600_000, hitRatioMin: 0 },
      classes: { isOn: false },
    });
    await rig.direct
      .query(`do $$ begin create role hidden_writes_role; exception when duplicate_object then null; end $$;
      grant hidden_writes_role to current_user`);
    await rig.direct.query(`set search_path to ${rig.schema};
      create table log (id int); create table ward (id int); insert into ward values (1), (2);
      create function log_it(x int) returns int language plpgsql as $$ begin insert into log values (x); return x; end $$;
      create function "Log It"(x int) returns int language sql as $$ insert into log values (x) returning id $$;
      create table with_default (id int, v int default log_it(5));
      create table with_check (id int check (log_it(id) > 0));
      create domain logged_int as int check (log_it(value) > 0);
      create table with_domain (id logged_int);
      create view logged as select id, log_it(id) from ward;
      create view nested as select * from logged;
      create table guarded (id int); insert into guarded values (1);
      alter table guarded enable row level security;
      create policy p on guarded using (log_it(id) > 0);
      create function log_step(s int, x int) returns int language plpgsql as $$ begin insert into log values (x); return x; end $$;
      create aggregate logging_sum(int) (sfunc = log_step, stype = int, initcond = '0');
      create function log_pair(x int, y int) returns boolean language plpgsql as $$ begin insert into log values (x); return true; end $$;
      create operator === (leftarg = int, rightarg = int, function = log_pair);
      create table ruled (id int);
      create table quoted (id int); create table escaped (id int); create table dollars (id int);
      create function quoted() returns trigger language plpgsql as $$ begin new.id := "Log It"(new.id); return new; end $$;
      create function escaped() returns trigger language plpgsql as
        $f$ begin raise debug E'it\\'s'; insert into log values (1); raise debug 'x'; return new; end $f$;
      create function dollars() returns trigger language plpgsql as
        $f$ begin raise debug '%', $q$it's$q$; insert into log values (1); raise debug 'x'; return new; end $f$;
      create trigger t before insert on quoted for each row execute function quoted();
      create trigger t before insert on escaped for each row execute function escaped();
      create trigger t before insert on dollars for each row execute function dollars();
      grant usage on schema ${rig.schema} to hidden_writes_role;
      grant all on all tables in schema ${rig.schema} to hidden_writes_role;
      create function logs(ward) returns bigint stable language sql as 'select count(*) from log';
      create operator ==== (leftarg = int, rightarg = int, function = log_pair);
      create function counting(s bigint, x int) returns bigint stable language sql as 'select count(*) from log';
      create aggregate counted(int) (sfunc = counting, stype = bigint, initcond = '0');
      create function define(what text) returns void language plpgsql as $$ begin execute what; end $$`);
    [reader, writer] = [await rig.client(), await rig.client()];
    await reader.query('select 1');
    await eventually(() => caches().databases()[0]?.[1].isOn === true, 10_000);
  });
  afterEach(() => rig.close());

  it('are dropped', async () => {
    for (const text of hidden) {
      await counts(reader);
      const { hits } = caches().answers.rows.counts;
      const before = await counts(reader);
      expect([text, caches().answers.rows.counts.hits]).toEqual([text, hits + 1]);
      await writer.query(text);
      expect([text, await counts(reader)]).toEqual([text, await counts(rig.direct)]);
      expect([text, await counts(reader)]).not.toEqual([text, before]);
    }
  });

  it.each([
    'select ward.logs as n from ward limit 1',
    'select w . "logs" as n from ward w limit 1',
    'select counted(id) as n from ward',
  ])('are not cached where code reads it: %s', async (text) => {
    for (let time = 0; time < 2; time++) await counts(reader, text);
    await writer.query('insert into log values (1)');
    expect(await counts(reader, text)).toBe(await counts(rig.direct, text));
  });

  it('about definitions are not served while a function may have changed them', async () => {
    const text = "select count(*) as n from pg_class where relname = 'made' and relnamespace = to_regnamespace($1)";
    const ask = async (): Promise<string | undefined> =>
      (await reader.query<{ n: string }>({ text, values: [rig.schema] })).rows[0]?.n;
    for (let time = 0; time < 2; time++) expect(await ask()).toBe('0');
    await writer.query("select define('create table made (id int)')");
    expect(await ask()).toBe('1');
  });

  it('are not served to a client that was told other columns', async () => {
    const open = (): Promise<WireClient> =>
      WireClient.in({ ...accessOf(rig.url), parameters: { options: `-c search_path=${rig.schema}` } });
    const [told, fresh] = [await open(), await open()];
    const prepared = [
      parse({ name: 'n', text: 'select * from ward limit 1', parameterTypes: [] }),
      describeMessage({ kind: 'statement', name: 'n' }),
      sync(),
    ];
    const run = [
      bind({ portal: '', statement: 'n', parameterFormats: [], parameters: [], resultFormats: [] }),
      execute({ portal: '', rowsMax: 0 }),
      sync(),
    ];
    await told.ask(...prepared);
    for (let time = 0; time < 2; time++) expect(await told.ask(...run)).toEqual(['2', 'D 1', 'C SELECT 1', 'Z I']);
    await writer.query("alter table ward add column more text default 'new'");
    await eventually(() => caches().databases()[0]?.[1].isOn === true, 10_000);
    await fresh.ask(...prepared);
    for (let time = 0; time < 2; time++) expect(await fresh.ask(...run)).toEqual(['2', 'D 1,new', 'C SELECT 1', 'Z I']);
    expect(await told.ask(...run)).toEqual(['ERROR 0A000 cached plan must not change result type', 'Z I']);
    for (const client of [told, fresh]) client.close();
  });
});
