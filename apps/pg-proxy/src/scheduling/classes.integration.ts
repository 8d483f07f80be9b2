import { afterEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { RealRig } from '../testing/real-rig.ts';

const report = 'select ward, count(*) from stays group by ward';

describeReal('POSTGRES', 'workload classes in front of PostgreSQL', (where) => {
  let rig: RealRig;
  afterEach(() => rig.close());

  const upstreamOf = (): Record<string, number> =>
    Object.fromEntries(
      rig.running.proxy.host.pools.figures(0).map(({ name, counts }) => [name.upstream, counts.connects.demand]),
    );

  it('send reports to their upstream, where nothing can be written, and transactions to their own server', async () => {
    rig = await RealRig.start(where, 'transaction', 4, undefined, {
      databases: { '*': { upstream: 'main', upstreamOfClass: { analytical: 'mirror' } } },
    });
    const client = await rig.client();
    await client.query('create table stays (ward int)');
    await client.query('insert into stays select generate_series(1, 3)');
    expect(upstreamOf()).toEqual({ main: 1 });
    expect((await client.query(report)).rows).toHaveLength(3);
    expect((await client.query({ name: 'report', text: report })).rows).toHaveLength(3);
    expect(upstreamOf()).toEqual({ main: 1, mirror: 1 });
    expect((await client.query('show default_transaction_read_only')).rows).toEqual([
      { default_transaction_read_only: 'off' },
    ]);
    await client.query('begin');
    await client.query('insert into stays values (4)');
    expect((await client.query(report)).rows).toHaveLength(4);
    await client.query('rollback');
    const hinted = `select set_config('transaction_read_only', 'off', true) /*workload_class='analytical'*/`;
    await client.query(hinted);
    const atMirror = `show default_transaction_read_only /*workload_class='analytical'*/`;
    expect((await client.query(atMirror)).rows[0]).toEqual({ default_transaction_read_only: 'off' });
    const seen = `select current_setting('default_transaction_read_only') as it /*workload_class='analytical'*/`;
    expect((await client.query<{ it: string }>(seen)).rows).toEqual([{ it: 'on' }]);
  });

  it('allow open cursors on half of a small pool, and interactive work beside them', async () => {
    rig = await RealRig.start(where, 'transaction', 8);
    const clients = await Promise.all([1, 2, 3, 4].map(() => rig.client()));
    for (const client of clients) {
      await client.query('begin; declare many cursor for select generate_series(1, 9)');
      expect((await client.query('fetch 2 from many')).rows).toHaveLength(2);
    }
    const { pools } = rig.running.proxy.host;
    expect(pools.figures(0)[0]?.classes.bulk.active).toBe(4);
    expect((await (await rig.client()).query('select 1 as one')).rows).toEqual([{ one: 1 }]);
    for (const client of clients) expect((await client.query('fetch 9 from many')).rows).toHaveLength(7);
  });

  it('learn that a statement is slow, and count it against the slots of its class from then on', async () => {
    rig = await RealRig.start(where, 'transaction', 4);
    const client = await rig.client();
    const slow = 'select pg_sleep($1::float) where true';
    for (let run = 0; run < 6; run++) await client.query(slow, [0.3]);
    const running = client.query(slow, [1]);
    const { pools } = rig.running.proxy.host;
    await eventually(() => pools.figures(0)[0]?.classes.analytical.active === 1);
    await running;
  });
});
