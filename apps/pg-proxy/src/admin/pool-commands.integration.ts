import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { defaultPoolSettings, type PoolPolicy, type Pools } from '@medrex/pool';
import type pg from 'pg';
import type { Backend } from '../session/backend/backend.ts';
import type { Client } from '../session/client/client.ts';
import { pidOf, RealRig } from '../testing/real-rig.ts';

const size = 4;

/** What the server closes, or the proxy in its name. */
const ended = (client: pg.Client): Promise<void> => new Promise((resolve) => client.once('end', () => resolve()));

describeReal('POSTGRES', 'commands to the pools in front of PostgreSQL', (where) => {
  let rig: RealRig;
  let pools: Pools<Client, Backend>;
  const nowMs = (): number => rig.running.proxy.host.now();
  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', size);
    ({ pools } = rig.running.proxy.host);
    await rig.direct.query(`create table ${rig.schema}.t (a int)`);
  });
  afterEach(async () => {
    pools.resume({}, nowMs());
    await rig.close();
  });

  /** Sessions of the server that the proxy has, as the server sees it. */
  const sessions = async (pids: readonly number[]): Promise<number> => {
    const text = 'select count(*)::int as count from pg_stat_activity where pid = any($1)';
    return (await rig.direct.query<{ count: number }>(text, [pids])).rows[0]!.count;
  };
  const pids = (): readonly number[] =>
    pools.backends().flatMap(({ handle }) => (handle?.key === undefined ? [] : [handle.key.processId]));
  const rows = async (): Promise<number> =>
    (await rig.direct.query<{ count: number }>(`select count(*)::int as count from ${rig.schema}.t`)).rows[0]!.count;

  it('PAUSE lets transactions end, closes the sessions at the server, and makes clients wait for RESUME', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    await one.query('begin');
    await one.query('insert into t values (1)');
    const before = pids();
    pools.pause({}, nowMs());
    const answer = other.query('select 7 as a');
    // It may come in, since the proxy knows what a login is told; or it waits for that already.
    const late = rig.client().then((client) => client.query('select 8 as a'));
    expect(pools.isCommandDone({})).toBe(false);
    await one.query('insert into t values (2)');
    await one.query('commit');
    await eventually(() => pools.isCommandDone({}));
    await eventually(async () => (await sessions(before)) === 0);
    expect(await rows()).toBe(2);
    await eventually(() => pools.totals(nowMs()).waiting === 2);
    pools.resume({}, nowMs());
    expect((await answer).rows).toEqual([{ a: 7 }]);
    expect((await late).rows).toEqual([{ a: 8 }]);
  });

  it('RECONNECT replaces every backend at the end of its transaction without clients noticing', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    await one.query('begin');
    const inside = await pidOf(one);
    const before = pids();
    pools.reconnect({}, nowMs());
    expect(await pidOf(one)).toBe(inside);
    expect(before).not.toContain(await pidOf(other));
    await one.query('commit');
    expect(before).not.toContain(await pidOf(one));
    await eventually(async () => (await sessions(before)) === 0);
  });

  it('KILL disconnects clients and sessions, rolls back open work, and makes later clients wait', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    await one.query('begin');
    await one.query('insert into t values (1)');
    const sleeping = other.query('select pg_sleep(600)').catch((error: unknown) => error);
    await eventually(() => pools.totals(nowMs()).active === 2);
    const before = pids();
    const gone = [ended(one), ended(other)];
    pools.kill({}, nowMs());
    await Promise.all(gone);
    expect(await sleeping).toMatchObject({ code: '57P01' });
    await eventually(() => pools.isCommandDone({}));
    await eventually(async () => (await sessions(before)) === 0);
    expect(await rows()).toBe(0);
    const late = rig.client().then((client) => client.query('select 1 as a'));
    await eventually(() => pools.totals(nowMs()).waiting === 1);
    pools.resume({}, nowMs());
    expect((await late).rows).toEqual([{ a: 1 }]);
  });

  it('DRAIN sends each client away at the end of its transaction, and fails none', async () => {
    const clients = await Promise.all(Array.from({ length: 10 }, () => rig.client()));
    const [idle, ...busy] = clients as [pg.Client, ...pg.Client[]];
    await Promise.all(busy.slice(0, size).map((client) => client.query('begin')));
    const waiting = busy.slice(size).map((client) => client.query('insert into t values (2)'));
    await eventually(() => pools.totals(nowMs()).waiting === waiting.length);
    const all = clients.map(ended);
    rig.running.proxy.host.drain({}, { quietMs: 0, boundaryAfterMs: 0 });
    await all[0];
    expect(idle).toBeDefined();
    for (const client of busy.slice(0, size)) {
      await client.query('insert into t values (1)');
      await client.query('commit');
    }
    await Promise.all([...waiting, ...all]);
    await eventually(() => pools.isCommandDone({}));
    expect(await rows()).toBe(busy.length);
  });

  it('RELOAD with a smaller pool closes idle sessions now and the others when they are given back', async () => {
    const clients = await Promise.all(Array.from({ length: size }, () => rig.client()));
    await Promise.all(clients.map((client) => client.query('begin')));
    await Promise.all(clients.slice(0, 2).map((client) => client.query('commit')));
    const policy: PoolPolicy = {
      settings: () => ({ ...defaultPoolSettings, max: 1, reserve: 0 }),
      backendsMax: () => undefined,
      licensedServer: () => undefined,
      applicationMax: () => undefined,
    };
    pools.reload(policy, nowMs());
    await eventually(() => pools.totals(nowMs()).active === 2 && pids().length === 2);
    await Promise.all(clients.slice(2).map((client) => client.query('commit')));
    await eventually(() => pids().length === 1);
    const answers = await Promise.all(clients.map(pidOf));
    expect(new Set(answers)).toEqual(new Set(pids()));
  });

  it('an idle session ended by the server is replaced unnoticed; the client of a busy one is told', async () => {
    const [one, other] = [await rig.client(), await rig.client()];
    const idle = await pidOf(one);
    await eventually(async () => (await rig.busy()) === 0); // it may be asked what code there is
    await rig.direct.query('select pg_terminate_backend($1)', [idle]);
    await eventually(() => !pids().includes(idle));
    expect(await pidOf(one)).not.toBe(idle);
    await other.query('begin');
    const gone = ended(other);
    const sleeping = other.query('select pg_sleep(600)').catch((error: unknown) => error);
    const active = await eventuallyBusy();
    await rig.direct.query('select pg_terminate_backend($1)', [active]);
    expect(await sleeping).toMatchObject({ code: '57P01' });
    await gone;
    const { counts } = pools.totals(nowMs());
    expect([counts.disconnects.upstream_closed, counts.disconnects.lost]).toEqual([1, 1]);
    expect((await one.query('select 1 as a')).rows).toEqual([{ a: 1 }]);
  });

  it('a pool never has more sessions than its size, whatever happens', async () => {
    const clients = await Promise.all(Array.from({ length: 40 }, () => rig.client()));
    const seen = new Set<number>();
    const counts: number[] = [];
    await Promise.all(
      clients.map(async (client) => {
        for (let turn = 0; turn < 25; turn += 1) {
          seen.add(await pidOf(client));
          counts.push(pids().length);
        }
      }),
    );
    expect(Math.max(...counts)).toBeLessThanOrEqual(size);
    expect(seen.size).toBeLessThanOrEqual(size);
  });

  /** The session of the server in which somebody sleeps. */
  async function eventuallyBusy(): Promise<number> {
    let found: number | undefined;
    await eventually(async () => {
      const text = `select pid from pg_stat_activity where pid = any($1) and query like '%pg_sleep%' and state = 'active'`;
      found = (await rig.direct.query<{ pid: number }>(text, [pids()])).rows[0]?.pid;
      return found !== undefined;
    });
    return found!;
  }
});
