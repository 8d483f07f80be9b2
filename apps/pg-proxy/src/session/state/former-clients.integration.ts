import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { bind, execute, parse, query, sync } from '@medrex/pg-wire';
import { RealRig } from '../../testing/real-rig.ts';
import { accessOf, WireClient } from '../../testing/wire-client.ts';

const sessions = `select sessions from pg_stat_database where datname = current_database()`;

describeReal('POSTGRES', 'what former clients have left in a process', (where) => {
  describe.each(['session', 'transaction'] as const)('in %s mode', (mode) => {
    let rig: RealRig;
    beforeAll(async () => {
      rig = await RealRig.start(where, mode, 1);
    });
    afterAll(() => rig.close());

    /** Somebody has used the only backend, and is gone. */
    const used = async (...texts: string[]): Promise<void> => {
      const client = await rig.client();
      for (const text of texts) await client.query(text);
      await client.end();
    };

    it('does not include a loaded language that refuses unknown settings', async () => {
      await used('do $$ begin end $$');
      const client = await rig.client();
      await client.query('set plpgsql.nobody_knows = 1');
      await client.query('select 1');
      expect((await client.query('show plpgsql.nobody_knows')).rows).toEqual([{ 'plpgsql.nobody_knows': '1' }]);
      await client.end();
    });

    it.each([{ values: [] }, { values: [], name: 's' }, {}])(
      'does not include a temporary schema, so that PREPARE TRANSACTION fails as it would (%j)',
      async (how) => {
        await used('create temp table t (a int)');
        const client = await rig.client();
        await client.query({ text: '/* own */ set search_path to pg_temp', ...how });
        await client.query('begin');
        await client.query('select current_schema()');
        await expect(client.query(`prepare transaction 'former'`)).rejects.toMatchObject({ code: '0A000' });
        await client.end();
      },
    );

    it.each(['set temp_buffers = 100', `select set_config('temp_buffers', '100', false)`])(
      'does not include temporary buffers, so that their number can be set: %s',
      async (text) => {
        await used('create temp table t (a int)', 'insert into t values (1)');
        const client = await rig.client();
        await client.query(text);
        expect((await client.query('show temp_buffers')).rows).toEqual([{ temp_buffers: '800kB' }]);
        await client.end();
      },
    );

    it.each([{}, { values: [] }])('does not include connections of dblink (%j)', async (how) => {
      await rig.direct.query(`create extension if not exists dblink schema ${rig.schema}`);
      const { hostname, port, pathname, username } = new URL(where);
      const at = `host=${hostname} port=${port} dbname=${pathname.slice(1)} user=${username}`;
      const client = await rig.client();
      await client.query({ text: `select ${rig.schema}.dblink_connect('former', '${at}')`, ...how });
      await client.end();
      const next = await rig.client();
      expect((await next.query(`select ${rig.schema}.dblink_get_connections() as open`)).rows).toEqual([
        { open: null },
      ]);
      await next.end();
    });

    it('does not include another number of buffers: who sets it takes the process along', async () => {
      const client = await rig.client();
      await client.query('set temp_buffers = 100');
      await client.query('create temp table t (a int)');
      const { rows } = await client.query<{ pid: number }>(
        'insert into t values (1) returning pg_backend_pid() as pid',
      );
      await client.query('discard all');
      await client.end();
      const isThere = { text: 'select from pg_stat_activity where pid = $1', values: [rows[0]?.pid] };
      expect(await eventually(async () => (await rig.direct.query(isThere)).rowCount === 0)).toBe(true);
    });

    it('does not include statistics: a session that reports its own is one more', async () => {
      await used('select 1');
      const before = Number((await rig.direct.query<{ sessions: string }>(sessions)).rows[0]?.sessions);
      const client = await rig.client();
      await client.query('select pg_stat_force_next_flush()');
      const after = Number((await client.query<{ sessions: string }>(sessions)).rows[0]?.sessions);
      expect(after).toBeGreaterThan(before);
      await client.end();
    });

    it('does not include a role set at login, to which DISCARD ALL returns', async () => {
      const former = await rig.client({ options: '-c role=pg_monitor' });
      await former.query('discard all');
      await former.end();
      const client = await rig.client();
      expect((await client.query('show role')).rows).toEqual([{ role: 'none' }]);
      await client.end();
    });

    it('does not include a statement under its own name from a client that vanished in its transaction', async () => {
      const former = await WireClient.in(accessOf(rig.url));
      await former.ask(parse({ name: 'former', text: 'select 7', parameterTypes: [] }), sync());
      await former.ask(query('begin'));
      await former.ask(
        parse({ name: '', text: 'select name from pg_prepared_statements', parameterTypes: [] }),
        sync(),
      );
      former.close();
      const client = await rig.client();
      await expect(client.query('deallocate former')).rejects.toMatchObject({ code: '26000' });
      await client.end();
    });

    it('does not include what DISCARD ALL could not remove within the statement_timeout of the client', async () => {
      await used(
        "do $$ begin for i in 1..300 loop execute format('create temp table of_former_%s (a int)', i); end loop; end $$",
        `set application_name = 'former'; set work_mem = '7MB'; set statement_timeout = '1ms'`,
      );
      const client = await rig.client();
      const { rows } =
        await client.query(`select current_setting('work_mem') as memory, to_regclass('of_former_1') as found,
        current_setting('statement_timeout') as timeout`);
      expect(rows).toEqual([{ memory: '4MB', found: null, timeout: '0' }]);
      await client.end();
    });

    it('matters less than what a session has itself', async () => {
      await used('do $$ begin end $$');
      const client = await rig.client();
      await client.query('create temp table own (a int)');
      await expect(client.query('set plpgsql.nobody_knows = 1')).rejects.toMatchObject({ code: '42602' });
      expect((await client.query('select from own')).rowCount).toBe(0);
      await client.end();
    });

    it('is gone for the next client, even if one vanishes while it waits for a new process', async () => {
      await used('select 1');
      const client = await rig.client();
      void client.query('select pg_stat_force_next_flush()').catch(() => undefined);
      (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
      const next = await rig.client();
      expect((await next.query('select 1 as one')).rows).toEqual([{ one: 1 }]);
      await next.end();
      await eventually(async () => (await rig.busy()) === 0);
    });

    it('does not include what a client had still asked, each with a Sync of its own, when it vanished', async () => {
      const text = '/* vanished */ select generate_series(1, 10000000)';
      const one = [
        parse({ name: '', text, parameterTypes: [] }),
        bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] }),
        execute({ portal: '', rowsMax: 0 }),
        sync(),
      ];
      const client = await WireClient.in(accessOf(rig.url));
      client.send(...Array.from({ length: 100 }, () => one).flat());
      const works = `select from pg_stat_activity where state = 'active' and query like '/* vanished%'`;
      await eventually(async () => (await rig.direct.query(works)).rowCount === 1);
      client.socket.destroy();
      await eventually(async () => (await rig.direct.query(works)).rowCount === 0, 10_000);
      // It is not between two of them.
      expect(await used('select 1')).toBeUndefined();
      expect((await rig.direct.query(works)).rowCount).toBe(0);
    }, 40_000);
  });

  it('does not include the order of days and months if a client has set only the style of dates', async () => {
    const rig = await RealRig.start(where, 'transaction', 1);
    const [client, other] = [await rig.client({ options: '-c datestyle=ISO' }), await rig.client()];
    await other.query("set datestyle = 'SQL, DMY'");
    for (let turn = 0; turn < 3; turn++) {
      expect((await client.query(`select '01/02/2024'::date::text as day`)).rows).toEqual([{ day: '2024-01-02' }]);
      expect((await other.query(`select '01/02/2024'::date::text as day`)).rows).toEqual([{ day: '01/02/2024' }]);
    }
    await rig.close();
  });
});
