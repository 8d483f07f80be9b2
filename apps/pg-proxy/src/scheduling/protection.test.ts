import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { query } from '@medrex/pg-wire';
import { ProxyRig, type RigOptions } from '../testing/proxy-rig.ts';
import type { ProcessFigures } from './overload.ts';
import { WaitWindow } from './wait-window.ts';

let rig: ProxyRig;
afterEach(async () => {
  await rig.close();
});

/** A process that says of its memory what a test wants. */
class Said implements ProcessFigures {
  memory = 0;
  memoryUse(): number {
    return this.memory;
  }
  loopLagMsP99(): number {
    return 0;
  }
  cpuUse(): number {
    return 0;
  }
}

async function start(pool: object = {}, options: RigOptions = {}): Promise<Said> {
  const said = new Said();
  const config = { pool: { size: 4, reserve: 0, waitTimeoutMs: 60_000, ...pool }, ...options.config };
  rig = await ProxyRig.start({ ...options, process: said, config });
  return said;
}

const level = (): number => rig.running.proxy.host.overload.rung.level;
/** Or beyond: on a slow machine a wait grows while one looks. */
const onRung = (expected: number): Promise<unknown> => eventually(() => level() >= expected);
const waiting = (count: number): Promise<unknown> =>
  eventually(() => rig.running.proxy.host.pools.totals(0).waiting === count);
const analytical = query(`hang /*workload_class='analytical'*/`);
const served = ['T', expect.stringMatching(/^D \d+$/), 'C SELECT 1', 'Z I'];

describe('the ladder of overload', () => {
  it('rung 1: analytical work has half of its slots while interactive work waits and the pool is full', async () => {
    await start({ size: 8, analyticalShareMax: 0.5 });
    const clients = await Promise.all(Array.from({ length: 10 }, () => rig.in()));
    for (const client of clients.slice(0, 8)) await client.ask(query('begin'));
    clients[8]!.send(query('select 1 where true'));
    await onRung(1);
    for (const client of clients.slice(0, 8)) await client.ask(query('commit'));
    await clients[8]!.until('Z');
    const reports = clients.slice(0, 4);
    for (const client of reports) client.send(analytical);
    await waiting(2);
  });

  it('rung 2: memory above 75 % stops caching', async () => {
    const said = await start();
    const client = await rig.in();
    const caches = { isPaused: false, tick: () => undefined, close: () => Promise.resolve() };
    Object.assign(rig.running.proxy.host, { caches });
    said.memory = 0.76;
    await onRung(2);
    expect(rig.running.proxy.host.overload.rung).toMatchObject({ isCacheOnly: true, isShedding: false });
    expect(caches.isPaused).toBe(true);
    expect(await client.ask(query('select 1 where true'))).toEqual(served);
  });

  it('rung 3: clients that wait for long are told why, and their position', async () => {
    await start({ size: 1, noticeAfterMs: 50 });
    const [busy, first, second] = [await rig.in(), await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    first.send(query('select 1 where true'));
    await waiting(1);
    second.send(query('select 1 where true'));
    const told = 'NOTICE 00000 waiting for a connection: all connections to the database are busy';
    expect([await first.until('NOTICE'), await second.until('NOTICE')]).toEqual([[told], [told]]);
    await busy.ask(query('commit'));
    expect(await first.until('Z')).toEqual(served);
  });

  it('rung 4: memory above 85 % refuses new analytical and bulk work, including waiting requests', async () => {
    const said = await start();
    const [running, waits, clinician] = [await rig.in(), await rig.in(), await rig.in()];
    running.send(analytical);
    await eventually(() => rig.postgres.backends.some(({ heard }) => heard.length > 0));
    waits.send(analytical);
    await waiting(1);
    said.memory = 0.86;
    const refused = 'ERROR 53300 overload: analytical work is refused at the moment';
    expect(await waits.until('Z')).toEqual([refused, 'Z I']);
    expect(level()).toBe(4);
    expect(await waits.ask(query(`copy stays to stdout`))).toEqual([refused.replace('analytical', 'bulk'), 'Z I']);
    expect(await clinician.ask(query('select 1 where true'))).toEqual(served);
  });

  it('rung 5: memory above 90 % refuses new logins, except at the console; existing clients stay', async () => {
    const said = await start({}, { config: { admin: { users: ['app'] } } });
    const client = await rig.in();
    said.memory = 0.91;
    await onRung(5);
    const refused = 'FATAL 53300 overload: new connections are refused at the moment, try again in 5 s or later';
    expect(await rig.open().until('closed')).toEqual([refused]);
    expect(await client.ask(query('select 1 where true'))).toEqual(served);
    expect(await (await rig.in({ database: 'medrex' })).ask(query('show version'))).toContain('Z I');
  });

  it('is climbed by load alone: long waits, and a queue that is nearly full', async () => {
    await start({ size: 1, waitingMax: 10, noticeAfterMs: 60_000 });
    const { overload, now } = rig.running.proxy.host;
    // What sessions begin with is known from the first on: the others need no backend for it.
    const busy = await rig.in();
    const [report, ...clinicians] = await Promise.all(Array.from({ length: 10 }, () => rig.in()));
    await busy.ask(query('begin'));
    const ask = (count: number): void => {
      for (const clinician of clinicians.splice(0, count)) clinician.send(query('select 1 where true'));
    };
    ask(1);
    await waiting(1);
    overload.tick(now() + 5_000);
    expect(overload.rung).toMatchObject({ level: 3, isShedding: false });
    ask(4);
    await onRung(4);
    expect((await report!.ask(analytical))[0]).toContain('53300');
    ask(4);
    await onRung(5);
    expect((await rig.open().until('closed'))[0]).toContain('FATAL 53300');
    expect(rig.running.proxy.host.pools.totals(0).counts.refusals.queue_full).toBe(0);
    await busy.ask(query('commit'));
  });

  it('is left one rung at a time after a long calm', async () => {
    const said = await start();
    const { overload, now } = rig.running.proxy.host;
    said.memory = 0.91;
    await onRung(5);
    said.memory = 0.1;
    await eventually(() => (overload.tick(now()), true));
    overload.tick(now() + 5_100);
    expect(level()).toBe(4);
  });

  it('ignores a PAUSE, which is not load', async () => {
    await start();
    const client = await rig.in();
    const { host } = rig.running.proxy;
    host.pools.pause({}, host.now());
    client.send(query('select 1 where true'));
    await waiting(1);
    expect(host.pools.load(host.now() + 60_000)).toEqual({
      poolUse: 0,
      interactiveWaitMs: 0,
      patienceUse: 0,
      queueUse: 0,
    });
    host.resume({});
    expect(await client.until('Z')).toEqual(served);
  });
});

describe('exhaustion', () => {
  it('is reported at once to a client for whom the queue has no place, with 53300', async () => {
    await start({ size: 1, waitingMax: 1, noticeAfterMs: 60_000 });
    const [busy, waits, late] = [await rig.in(), await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    waits.send(query('select 1 where true'));
    await waiting(1);
    const refused = 'ERROR 53300 too many clients are waiting for a connection to the database';
    expect(await late.ask(query('select 1 where true'))).toEqual([refused, 'Z I']);
    await busy.ask(query('commit'));
    expect(await waits.until('Z')).toEqual(served);
  });

  it('counts as a wait in the scaling signals even if the wait was in vain', async () => {
    const waitTimeoutMs = 1_500;
    await start({ size: 1, waitTimeoutMs });
    const { scale } = rig.running.proxy.host.overload;
    const observe = scale.observe.bind(scale);
    const seen: number[] = [];
    scale.observe = (figures, nowMs) => {
      seen.push(figures.queueMsP95);
      observe(figures, nowMs);
    };
    const [busy, late] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    expect((await late.ask(query('select 1 where true')))[0]).toMatch(/^ERROR 53300/);
    await eventually(() => seen.some((ms) => ms >= waitTimeoutMs));
  });

  it('opens the reserve for clients that have waited long', async () => {
    await start({ size: 1, reserve: 1, reserveAfterMs: 100 });
    const [busy, waits] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    expect(await waits.ask(query('select 1 where true'))).toEqual(served);
    expect(rig.postgres.open).toHaveLength(2);
  });

  it('absorbs a burst of far more requests than backends without an error', async () => {
    await start({ size: 2 });
    const clients = await Promise.all(Array.from({ length: 60 }, () => rig.in()));
    const words = await Promise.all(
      clients.map(async (client) => {
        const heard: string[] = [];
        for (let time = 0; time < 5; time++) heard.push(...(await client.ask(query('select 1 where true'))));
        return heard;
      }),
    );
    expect(words.flat().filter((word) => word.startsWith('ERROR') || word.startsWith('FATAL'))).toEqual([]);
    expect(words.flat().filter((word) => word === 'Z I')).toHaveLength(300);
    expect(rig.running.proxy.host.pools.totals(0).counts.refusals.timeout).toBe(0);
  });
});

describe('settings that cannot be granted', () => {
  it('are clamped, and clients are told at login', async () => {
    await start({}, { config: { databases: { app: { upstream: 'main', backendsMax: 2 } } } });
    const notice = 'NOTICE 01000 pool app/app: size is 2 instead of 4, because of a limit across pools';
    expect(await rig.open().until('Z')).toEqual([notice, 'Z I']);
    const metrics = await (await fetch(rig.running.urls.metrics)).text();
    expect(metrics).toContain('medrex_pg_proxy_settings_clamped 1');
  });
});

it('reports the share of checkouts that has waited for a given time', async () => {
  await start();
  const window = new WaitWindow();
  for (let at = 0; at < 100; at++) window.checkedOut();
  for (let at = 0; at < 5; at++) window.waited(400);
  expect(window.quantileMs(0.95)).toBe(0);
  window.waited(30);
  expect([window.quantileMs(0.95), window.quantileMs(0.99)]).toEqual([50, 500]);
  for (let second = 0; second < 10; second++) window.nextSecond();
  expect(window.quantileMs(0.99)).toBe(0);
});
