import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { query, sync } from '@medrex/pg-wire';
import type pg from 'pg';
import { pidOf, RealRig } from '../../testing/real-rig.ts';
import { WireClient } from '../../testing/wire-client.ts';

const tenantOf = async (client: pg.Client): Promise<string | null> => {
  const { rows } = await client.query<{ tenant: string }>(`select current_setting('app.tenant_id', true) as tenant`);
  return rows[0]?.tenant || null;
};

describeReal('POSTGRES', 'session state left by code that is not visible', (where) => {
  let rig: RealRig;
  let one: pg.Client;
  let other: pg.Client;
  beforeAll(async () => {
    rig = await RealRig.start(where, 'transaction', 1);
    await rig.direct.query(`set search_path to ${rig.schema}`);
    await rig.direct.query(`
      create function set_tenant(id int) returns void language plpgsql as
        $$ begin perform set_config('app.tenant_id', id::text, false); end $$;
      create function set_tenant_sql(id int) returns text language sql as $$ select set_config('app.tenant_id', id::text, false) $$;
      create function set_tenant_dynamic(id int) returns void language plpgsql as
        $$ begin execute format('set app.tenant_id to %L', id); end $$;
      create function set_anything(name text, value text) returns text language sql as $$ select set_config(name, value, false) $$;
      create function set_locally(id int) returns void language plpgsql as
        $$ begin perform set_config('app.tenant_id', id::text, true); end $$;
      create function set_path() returns void language plpgsql as $$ begin set search_path to pg_catalog; end $$;
      create function outer_tenant(id int) returns void language plpgsql as $$ begin perform set_tenant(id); end $$;
      create function take_role() returns void language plpgsql as $$ begin set role pg_read_all_data; end $$;
      create function make_temporary() returns void language plpgsql as $$ begin create temp table made (a int); end $$;
      create function drop_temporary() returns void language plpgsql as $$ begin drop table pg_temp.made; end $$;
      create function lock_it() returns void language plpgsql as $$ begin perform pg_advisory_lock(815); end $$;
      create function unlock_it() returns void language plpgsql as $$ begin perform pg_advisory_unlock(815); end $$;
      create function listen_it() returns void language plpgsql as $$ begin execute 'listen heard'; end $$;
      create function prepare_it() returns void language plpgsql as $$ begin execute 'prepare made_here as select 1'; end $$;
      create procedure set_tenant_call(id int) language plpgsql as $$ begin perform set_tenant(id); end $$;
      create table noted (id int);
      create function noting() returns trigger language plpgsql as $$ begin perform set_tenant(new.id); return new; end $$;
      create trigger noting before insert on noted for each row execute function noting();
      create view tenants as select set_tenant_sql(5)`);
  });
  afterAll(() => rig.close());

  /** Two clients that share a backend, for one test. */
  const open = async (): Promise<void> => {
    one = await rig.client();
    other = await rig.client();
  };
  const close = async (): Promise<void> => {
    await one.end();
    await other.end();
  };

  it.each<{ text: string; values?: unknown[] }>([
    { text: 'select set_tenant(7)' },
    { text: 'select set_tenant($1)', values: [7] },
    { text: 'select set_tenant_sql(7)' },
    { text: 'select set_tenant_dynamic(7)' },
    { text: 'select outer_tenant(7)' },
    { text: 'call set_tenant_call(7)' },
    { text: 'insert into noted values (7)' },
    { text: 'insert into noted values ($1)', values: [7] },
    { text: `do $$ begin perform set_config('app.tenant_id', '7', false); end $$` },
    { text: `do 'begin set app.tenant_id = 7; end'` },
    { text: 'do $$ begin perform set_tenant(7); end $$' },
    { text: 'begin; select set_tenant(7); commit' },
    { text: 'select 1; select set_tenant(7)' },
    { text: 'begin; declare c cursor for select set_tenant(7); fetch c; commit' },
    { text: 'prepare p as select set_tenant(7); execute p; deallocate p' },
    { text: `select set_config('app.tenant_id', (3 + 4)::text, false)` },
    { text: `select set_config('app.tenant_id', concat($1::text, ''), false)`, values: [7] },
    { text: `select query_to_xml('select set_config(''app.tenant_id'', ''7'', false)', true, true, '')` },
    { text: `select * from ts_stat('select to_tsvector(set_config(''app.tenant_id'', ''7'', false))')` },
    { text: 'begin; set local app.tenant_id = 7; set app.tenant_id from current; commit' },
  ])('follows the client that set it, and nobody else: $text', async ({ text, values }) => {
    await open();
    await one.query(text, values);
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBe('7');
    expect(await tenantOf(other)).toBeNull();
    await other.query('select set_tenant(8)');
    expect(await tenantOf(one)).toBe('7');
    expect(await tenantOf(other)).toBe('8');
    await one.query('reset app.tenant_id');
    expect(await tenantOf(one)).toBeNull();
    await close();
  });

  it('follows the client that has set it by EXECUTE', async () => {
    await open();
    const set = `select set_config('app.executed', '7', false) from generate_series(1, 1)`;
    for (const text of [`prepare p as ${set}`, 'execute p', 'deallocate p']) await one.query(text);
    const shown = `select current_setting('app.executed', true) = '7' as is_set`;
    expect((await other.query(shown)).rows).not.toEqual([{ is_set: true }]);
    expect((await one.query(shown)).rows).toEqual([{ is_set: true }]);
    await close();
  });

  it('is what remains of it after a rollback', async () => {
    await open();
    await one.query('select set_tenant(1)');
    await one.query('begin; select set_tenant(2); savepoint s; select set_tenant(3); rollback to s; commit');
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBe('2');
    await one.query('begin; select set_tenant(4); rollback');
    expect(await tenantOf(one)).toBe('2');
    await close();
  });

  it('is nothing if it belongs to the transaction only: the client goes on sharing', async () => {
    await open();
    await one.query('select set_locally(7)');
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBeNull();
    await close();
  });

  it.each([
    'select set_path()',
    `update pg_settings set setting = 'pg_catalog' where name = 'search_path'`,
    `select query_to_xml('select set_' || 'config(''search_path'', ''pg_catalog'', false)', true, true, '')`,
  ])('is shown by a list of settings: %s', async (text) => {
    await open();
    await one.query(text);
    expect((await other.query('show search_path')).rows).toEqual([{ search_path: rig.schema }]);
    expect((await one.query('show search_path')).rows).toEqual([{ search_path: 'pg_catalog' }]);
    await close();
  });

  describe.each([
    ['select make_temporary()', 'select drop_temporary()'],
    ['select lock_it()', 'select unlock_it()'],
    ['select lock_it()', 'select pg_advisory_unlock(815)'],
    ['select listen_it()', 'unlisten *'],
    ['select prepare_it()', 'deallocate all'],
    ['select take_role()', 'reset role'],
    [`select set_anything('my.own', '1')`, 'discard all'],
    [`do $$ begin create temp table made (a int); end $$`, 'drop table made'],
  ])('%s', (leaving, freeing) => {
    it(`pins the backend until ${freeing}`, async () => {
      await open();
      await one.query(leaving);
      let isServed = false;
      const served = other.query('select 1').then(() => (isServed = true));
      await one.query('select 1');
      await one.query('select 2');
      expect(isServed).toBe(false);
      await one.query(freeing);
      await served;
      await close();
    });
  });

  it('is noticed for code that was defined a moment ago, by anybody', async () => {
    await open();
    for (const definer of [rig.direct, one, other]) {
      await definer.query(`create or replace function later() returns void language sql as 'select 1'`);
      await one.query('select later()');
      await definer.query('drop function later()');
    }
    await rig.direct.query(
      `create function defined_past() returns text language sql as $$ select set_config('app.tenant_id', '9', false) $$`,
    );
    await one.query('select defined_past()');
    expect(await tenantOf(other)).toBeNull();
    await other.query(
      `create or replace function later() returns text language sql as $$ select set_config('app.tenant_id', '10', false) $$`,
    );
    await one.query('select later()');
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBe('10');
    await close();
  });

  it.each([
    [
      `create operator @@@@ (rightarg = int, function = set_tenant_sql)`,
      'select @@@@ 6',
      'drop operator @@@@ (none, int)',
    ],
    [
      `create function at_ddl() returns event_trigger language plpgsql as
        $$ begin if current_schema = 'SCHEMA' then perform set_config('app.tenant_id', '5', false); end if; end $$;
        create event trigger SCHEMA on ddl_command_end execute function at_ddl()`,
      'comment on schema SCHEMA is null',
      'drop event trigger SCHEMA; drop function at_ddl',
    ],
  ])('is noticed for anything that runs known code: %s', async (defining, running, undoing) => {
    await open();
    const at = (text: string): string => text.replaceAll('SCHEMA', rig.schema);
    await one.query('select * from tenants');
    await one.query('reset app.tenant_id');
    await other.query(at(defining));
    await other.query('reset app.tenant_id');
    await one.query(at(running));
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).not.toBeNull();
    await rig.direct.query(at(undoing));
    await close();
  });

  it('costs nothing if a statement calls nothing, and is asked for once if the code is known', async () => {
    await open();
    await one.query('select server_pid()');
    const before = await pidOf(one);
    await one.query('select 1 as a');
    expect(await pidOf(other)).toBe(before);
    await close();
  });
});

describeReal('POSTGRES', 'effects of a plain SELECT that runs code, as the first statement of a proxy', (where) => {
  let rig: RealRig;
  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 1);
    await rig.direct.query(`set search_path to ${rig.schema}`);
    await rig.direct.query(`
      create table t (a int);
      insert into t values (1);
      create view tenants as select set_config('app.tenant_id', '7', false), a from t;
      create view over_it as select * from tenants;
      create table ruled (a int);
      insert into ruled values (1);
      create function takes_seven() returns boolean language sql as $$ select set_config('app.tenant_id', '7', false) <> '' $$;
      create policy seven on ruled using (takes_seven());
      create table built_in (a int);
      insert into built_in values (1);
      create policy seven on built_in using (set_config('app.tenant_id', '7', false) <> '');
      alter table ruled enable row level security;
      alter table built_in enable row level security;
      create view of_ruled as select * from ruled;
      create view of_built_in as select * from built_in;
      create role ${rig.schema};
      grant usage, create on schema ${rig.schema} to ${rig.schema};
      grant select on ruled, built_in to ${rig.schema};
      alter view of_ruled owner to ${rig.schema};
      alter view of_built_in owner to ${rig.schema}`);
  });
  afterEach(async () => {
    await rig.direct.query(`drop owned by ${rig.schema} cascade; drop role ${rig.schema}`);
    await rig.close();
  });

  it.each([
    'select * from tenants',
    'select 1; select * from over_it',
    'with a as (select * from tenants) select * from a',
    'table tenants',
    'copy (select * from tenants) to stdout',
    'begin; declare c cursor for select * from tenants; fetch c; commit',
    'prepare p as select * from tenants; execute p; deallocate p',
    'select count(*) from tenants',
    'select * from of_ruled',
    'select * from of_built_in',
  ])('follows the client that ran it, and nobody else: %s', async (text) => {
    const [one, other] = [await rig.client(), await rig.client()];
    await one.query(text);
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBe('7');
    expect(await tenantOf(other)).toBeNull();
  });

  it('is asked for before anybody else has the backend, even while another client is reading and a Sync arrives', async () => {
    const own = await RealRig.start(where, 'transaction', 2);
    const url = new URL(own.url);
    const [user, password] = [url.username, url.password === '' ? 'secret' : url.password].map(decodeURIComponent);
    const access = { port: Number(url.port), user: user!, password: password!, database: url.pathname.slice(1) };
    const wire = await WireClient.in({ ...access, parameters: {} });
    const [reading, other] = [await own.client(), await own.client()];
    // Whoever reads the text of a view waits for who is changing it.
    await rig.direct.query('begin; alter view tenants alter a set default 1');
    await reading.query(`select * from ${rig.schema}.t`);
    await wire.ask(query(`select ${rig.schema}.takes_seven()`));
    expect(await wire.ask(sync())).toEqual(['Z I']);
    const seen = tenantOf(other);
    await rig.direct.query('select pg_sleep(0.2); commit');
    expect(await seen).toBeNull();
    expect(await wire.ask(query(`select current_setting('app.tenant_id', true)`))).toContain('D 7');
    wire.close();
    await own.close();
  });

  it('follows nobody if its client has left by then', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    const ran = one.query('select * from tenants').catch(() => undefined);
    await one.end();
    await ran;
    expect(await tenantOf(other)).toBeNull();
  });

  it('is known at once for code defined through the proxy, in the same transaction, too', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    await other.query('select * from t');
    await one.query(`create view made as select set_config('app.tenant_id', '7', false)`);
    await one.query('select * from made');
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBe('7');
    await other.query(`begin; create view made_too as select set_config('app.tenant_id', '8', false);
      select * from made_too; commit`);
    expect(await tenantOf(one)).toBe('7');
    expect(await tenantOf(other)).toBe('8');
  });

  it('includes no connection of dblink', async () => {
    const { hostname, port, pathname, username } = new URL(where);
    const at = `host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username}`;
    await rig.direct.query(`create extension if not exists dblink schema ${rig.schema};
      create function opens() returns text language sql as $$ select dblink_connect('within', '${at}') $$`);
    const who = await rig.client();
    await who.query('select opens()');
    await who.end();
    const next = await rig.client();
    expect((await next.query('select dblink_get_connections() as open')).rows).toEqual([{ open: null }]);
    await next.end();
  });

  it('pins no backend for a text that is too long to be read', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    await one.query(`select a, '${'x'.repeat(200_000)}' from t`);
    await one.query(`insert into t select length('${'x'.repeat(200_000)}')`);
    expect((await other.query('select a from t')).rows).toEqual([{ a: 1 }, { a: 200_000 }]);
  });

  it('is asked for whatever the search path of the client', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    await one.query(`
      create function concat_ws(text, variadic text[]) returns text language sql as $$ select 'always' $$;
      create function same(text, text) returns boolean language sql as 'select false';
      create operator = (leftarg = text, rightarg = text, function = same);
      create operator ~ (leftarg = text, rightarg = text, function = same)`);
    await one.query(`set search_path to ${rig.schema}, pg_catalog`);
    await one.query('select * from tenants');
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBe('7');
  });
});
