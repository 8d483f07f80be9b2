import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import type pg from 'pg';
import { pidOf, RealRig } from './testing/real-rig.ts';

describeReal('POSTGRES', 'what code leaves behind that nobody reads', (where) => {
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
  const tenantOf = async (client: pg.Client): Promise<string | null> => {
    const { rows } = await client.query<{ tenant: string }>(`select current_setting('app.tenant_id', true) as tenant`);
    return rows[0]?.tenant || null;
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
  ])('goes with the client that set it, and to nobody else: $text', async ({ text, values }) => {
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

  it('is what a rollback leaves of it', async () => {
    await open();
    await one.query('select set_tenant(1)');
    await one.query('begin; select set_tenant(2); savepoint s; select set_tenant(3); rollback to s; commit');
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBe('2');
    await one.query('begin; select set_tenant(4); rollback');
    expect(await tenantOf(one)).toBe('2');
    await close();
  });

  it('is nothing where it is of the transaction alone: the client goes on sharing', async () => {
    await open();
    await one.query('select set_locally(7)');
    expect(await tenantOf(other)).toBeNull();
    expect(await tenantOf(one)).toBeNull();
    await close();
  });

  it('is what a list of settings shows', async () => {
    await open();
    await one.query('select set_path()');
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
    it(`keeps the backend until ${freeing}`, async () => {
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

  it('is seen of code that was defined a moment ago, by whomever', async () => {
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

  it('costs nothing where a statement calls nothing, and is asked for once where it is known', async () => {
    await open();
    await one.query('select server_pid()');
    const before = await pidOf(one);
    await one.query('select 1 as a');
    expect(await pidOf(other)).toBe(before);
    await close();
  });
});
