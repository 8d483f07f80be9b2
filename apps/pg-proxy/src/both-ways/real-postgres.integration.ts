import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { pidOf, RealRig, run, type Mode } from '../testing/real-rig.ts';

describeReal('POSTGRES', 'pg-proxy in front of PostgreSQL', (where) => {
  describe.each<Mode>(['session', 'transaction'])('%s mode', (mode) => {
    let rig: RealRig;
    const atRest = async (): Promise<void> => {
      await eventually(async () => (await rig.busy()) === 0);
    };
    beforeEach(async () => {
      rig = await RealRig.start(where, mode, 4);
    });
    afterEach(() => rig.close());

    it('serves node-postgres with simple, extended and prepared queries', async () => {
      const client = await rig.client();
      expect((await client.query('select 1 as a; select 2 as b')) as unknown).toMatchObject([
        ...[{ rows: [{ a: 1 }] }, { rows: [{ b: 2 }] }],
      ]);
      expect((await client.query('select $1::text || $2 as c', ['ä', '€'])).rows).toEqual([{ c: 'ä€' }]);
      const named = { name: 'twice', text: 'select $1::int * 2 as d' };
      for (const value of [1, 2, 3]) expect((await client.query(named, [value])).rows).toEqual([{ d: value * 2 }]);
      await expect(client.query('select nonsense')).rejects.toMatchObject({ code: '42703', position: '8' });
      await expect(client.query('select 1/$1::int', [0])).rejects.toMatchObject({ code: '22012' });
      expect((await client.query('select 3 as e')).rows).toEqual([{ e: 3 }]);
    });

    it('keeps transactions apart', async () => {
      const [one, other] = [await rig.client(), await rig.client()];
      await one.query('create table t (a int)');
      await one.query('begin');
      await one.query('insert into t values (1)');
      expect((await other.query('select * from t')).rows).toEqual([]);
      await one.query('commit');
      expect((await other.query('select * from t')).rows).toEqual([{ a: 1 }]);
      await one.query('begin');
      await expect(one.query('insert into nowhere values (1)')).rejects.toMatchObject({ code: '42P01' });
      await expect(one.query('select 1')).rejects.toMatchObject({ code: '25P02' });
      await one.query('rollback');
      expect((await one.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
    });

    it('names a notifying session by the process id of its login, which in session mode is its backend’s', async () => {
      const [listener, other] = [await rig.client(), await rig.client()];
      const { processID } = other as unknown as { processID: number };
      const heard: number[] = [];
      listener.on('notification', ({ processId }) => heard.push(processId));
      await listener.query('listen news');
      await other.query('notify news');
      await eventually(() => heard.length === 1);
      expect(heard).toEqual([processID]);
      if (mode === 'session') expect(await pidOf(other)).toBe(processID);
    });

    it('keeps session state', async () => {
      const [one, other] = [await rig.client(), await rig.client()];
      await one.query(`set work_mem to '7MB'`);
      await one.query('create temp table mine (a int)');
      await one.query('insert into mine values (1)');
      await other.query(`set work_mem to '8MB'`);
      for (let times = 0; times < 3; times++) await other.query('select 1');
      expect((await one.query('select * from mine')).rows).toEqual([{ a: 1 }]);
      expect((await one.query('show work_mem')).rows).toEqual([{ work_mem: '7MB' }]);
      expect((await other.query('show work_mem')).rows).toEqual([{ work_mem: '8MB' }]);
      await one.end();
      await other.end();
      await atRest();
      const next = await rig.client();
      await expect(next.query('select * from mine')).rejects.toMatchObject({ code: '42P01' });
      expect((await next.query('show work_mem')).rows).toEqual([{ work_mem: '4MB' }]);
    });

    it('delivers notifications to listeners', async () => {
      const [one, other] = [await rig.client(), await rig.client()];
      const heard: (string | undefined)[] = [];
      one.on('notification', ({ payload }) => heard.push(payload));
      await one.query(`listen ${rig.schema}`);
      await other.query(`notify ${rig.schema}, 'news'`);
      await eventually(() => heard.includes('news'));
    });

    it('cleans up after clients that vanish, whatever they were doing', async () => {
      for (const what of [
        'begin',
        'select pg_sleep(600)',
        'begin; select pg_sleep(600)',
        'select repeat($$x$$, 1000) from generate_series(1, 1000000)',
      ]) {
        const client = await rig.client();
        client.query(what).catch(() => undefined);
        await eventually(async () => (await rig.busy()) > 0);
        (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
        await atRest();
      }
      const client = await rig.client();
      expect((await client.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
    });

    it('tells a client that its backend was killed', async () => {
      const client = await rig.client();
      await client.query('begin');
      const pid = await pidOf(client);
      const ended = client.query('select pg_sleep(600)');
      const failed = expect(ended).rejects.toMatchObject({ code: '57P01' });
      await rig.direct.query('select pg_terminate_backend($1)', [pid]);
      await failed;
      expect((await (await rig.client()).query('select 1 as a')).rows).toEqual([{ a: 1 }]);
    });

    it('takes settings from the startup packet, and refuses those that the server refuses', async () => {
      const client = await rig.client({ options: `-c work_mem=3MB -c search_path=${rig.schema},public` });
      expect((await client.query('show work_mem')).rows).toEqual([{ work_mem: '3MB' }]);
      expect((await client.query('show search_path')).rows).toEqual([{ search_path: `${rig.schema},public` }]);
      await expect(rig.client({ options: '-c work_mem=nonsense' })).rejects.toMatchObject({ code: '22023' });
      const again = await rig.client();
      expect((await again.query('show work_mem')).rows).toEqual([{ work_mem: '4MB' }]);
    });

    it.each([{}, { values: [] }, { name: 'named' }])(
      'returns with RESET to the settings of the startup packet (%j)',
      async (how) => {
        const client = await rig.client({
          options: `-c search_path=${rig.schema} -c work_mem=3MB -c datestyle=SQL,DMY`,
        });
        const shown = async (): Promise<string> => {
          const text = `select concat_ws('; ', current_setting('work_mem'), current_setting('datestyle'),
          current_setting('search_path') = '${rig.schema}') as all`;
          return (await client.query<{ all: string }>(text)).rows[0]?.all ?? '';
        };
        const ask = async (text: string): Promise<string> => {
          await client.query({ text, ...how, ...('name' in how && { name: text }) });
          return shown();
        };
        await ask(`set work_mem to '7MB'`);
        expect(await ask('set datestyle to German')).toBe('7MB; German, DMY; t');
        expect(await ask('reset datestyle')).toBe('7MB; SQL, DMY; t');
        expect(await ask('set work_mem = default')).toBe('3MB; SQL, DMY; t');
        await ask(`set work_mem to '8MB'`);
        expect(await ask('reset all')).toBe('3MB; SQL, DMY; t');
        await client.end();
      },
    );

    it('handles what psql sends, including COPY in and out and both ways to abort it', async () => {
      const lines = Array.from({ length: 20_000 }, (_, index) => `${index}\trow ${index}`).join('\n');
      const script = `\\set ON_ERROR_STOP 0
create table ${rig.schema}.c (a int primary key, b text);
copy ${rig.schema}.c from stdin;
${lines}
\\.
copy ${rig.schema}.c from stdin;
1\tagain
\\.
select count(*), sum(a) from ${rig.schema}.c;
copy (select b from ${rig.schema}.c where a < 3 order by a) to stdout;
copy (select 1/(5-a) from ${rig.schema}.c order by a) to stdout;
select 'still here';
`;
      const psql = await run('psql', [rig.url, '-XAtq', '-f', '-'], {}, script);
      if (psql === undefined) return console.warn('left out: no psql on PATH');
      expect(psql.out).toContain('20000|199990000');
      expect(psql.out).toContain('row 0\nrow 1\nrow 2\n');
      expect(psql.out).toContain('duplicate key value violates unique constraint');
      expect(psql.out).toContain('division by zero');
      // psql writes errors to a pipe of its own, which may be read later.
      expect(psql.out).toContain('still here');
      expect(psql.code).toBe(0);
    });

    it.each(['simple', 'extended', 'prepared'])(
      'carries pgbench in the %s protocol without an error',
      async (protocol) => {
        const client = await rig.client();
        await client.query('create table pgbench_branches as select 1 as bid');
        await client.query('create table pgbench_accounts (aid int primary key, bid int, abalance int)');
        await client.query('insert into pgbench_accounts select a, 1, 0 from generate_series(1, 100000) a');
        await client.end();
        const clients = mode === 'session' ? 4 : 12;
        const args = ['-n', '-S', '-s', '1', '-M', protocol, '-c', String(clients), '-t', '200', rig.url];
        const ended = await run('pgbench', args, { PGOPTIONS: `-c search_path=${rig.schema}` });
        if (ended === undefined) return console.warn('left out: no pgbench on PATH');
        expect(ended.out).toContain(`number of transactions actually processed: ${clients * 200}/`);
      },
    );
  });

  it('serves a hundred clients with four backends, with statements under their own names', async () => {
    const rig = await RealRig.start(where, 'transaction', 4);
    try {
      const clients = await Promise.all(Array.from({ length: 100 }, () => rig.client()));
      const asked = clients.map(async (client, index) => {
        for (let round = 0; round < 10; round++) {
          const { rows } = await client.query({ name: 's', text: `select $1::int + ${index % 7} as sum` }, [round]);
          expect(rows).toEqual([{ sum: round + (index % 7) }]);
        }
      });
      await Promise.all(asked);
      const { counts } = rig.running.proxy.host.pools.totals(0);
      expect(counts.connects.demand).toBeLessThanOrEqual(4);
    } finally {
      await rig.close();
    }
  });
});
