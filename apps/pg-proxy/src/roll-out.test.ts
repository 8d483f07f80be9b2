import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually } from '@medrex/contracts/testing';
import { bind, execute, parse, query, startupMessage, sync } from '@medrex/pg-wire';
import { connect } from 'node:net';
import { ProxyRig } from './testing/proxy-rig.ts';
import { WireClient } from './testing/wire-client.ts';

let rig: ProxyRig;
afterEach(async () => {
  await rig.close();
});

const told = 'FATAL 57P01 terminating connection due to administrator command';
const late = { boundaryAfterMs: 60_000, timeoutMs: 60_000 };

async function start(drain: object, more: object = {}): Promise<ProxyRig> {
  const config = { drain, pool: { size: 4, waitTimeoutMs: 60_000 }, admin: { users: ['app'] }, ...more };
  rig = await ProxyRig.start({ config });
  return rig;
}

const departures = (): { quiet: number; boundary: number; crossed: number } => rig.running.proxy.host.departures.counts;

describe('a draining proxy', () => {
  it('sends quiet clients away, and serves busy ones until they are quiet', async () => {
    await start({ quietMs: 1, ...late });
    const [busy, idle] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    const closed = rig.running.proxy.close('drain');
    expect(await idle.until('closed')).toEqual([told]);
    expect(await busy.ask(query('commit'))).toEqual(['C COMMIT', 'Z I']);
    expect(await busy.until('closed')).toEqual([told]);
    await closed;
    expect(departures()).toEqual({ quiet: 2, boundary: 0, crossed: 0 });
  });

  it('answers a statement that has arrived when the client was about to be sent away', async () => {
    await start({ quietMs: 0, ...late });
    const client = await rig.in();
    const { host } = rig.running.proxy;
    await new Promise<void>((resolve) => {
      setTimeout(() => {
        host.drain({}, { quietMs: 0, boundaryAfterMs: 60_000 });
        client.send(query('select 1'));
        host.departures.tick(host.now());
        resolve();
      }, 1);
    });
    expect(await client.until('Z')).toEqual(['T', 'D 1', 'C SELECT 1', 'Z I']);
    expect(await client.until('closed')).toEqual([told]);
    expect(departures().crossed).toBe(0);
  });

  it.each([
    ['an empty query', [query('')]],
    ['a comment', [query('-- ping')]],
    ['an empty statement', [parse({ name: '', text: '', parameterTypes: [] }), sync()]],
  ])('tells a client that probes its connection to go: by %s', async (_what, probe) => {
    await start({ quietMs: 60_000, ...late });
    const [busy, client] = [await rig.in(), await rig.in()];
    await busy.ask(query('begin'));
    expect((await client.ask(...probe)).at(-1)).toBe('Z I');
    const closed = rig.running.proxy.close('drain');
    await eventually(() => rig.running.proxy.host.isDraining);
    expect((await client.ask(query('select 1'))).at(-1)).toBe('Z I');
    client.send(...probe);
    expect(await client.until('closed')).toEqual([told]);
    expect((await busy.ask(...probe)).at(-1)).toBe('Z T');
    await busy.ask(query('commit'));
    busy.send(...probe);
    await closed;
    expect(departures()).toEqual({ quiet: 2, boundary: 0, crossed: 0 });
  });

  it('sends the others away with the answer that ends their transaction', async () => {
    await start({ quietMs: 60_000, boundaryAfterMs: 0, timeoutMs: 60_000 });
    const client = await rig.in();
    await client.ask(query('begin'));
    const closed = rig.running.proxy.close('drain');
    await eventually(() => rig.running.proxy.host.atBoundary);
    const chunks: string[] = [];
    client.socket.on('data', (chunk: Buffer) => chunks.push(chunk.toString('latin1')));
    client.send(query('commit'));
    expect(await client.until('closed')).toEqual(['C COMMIT', 'Z I', told]);
    await closed;
    expect(chunks.at(-1)).toMatch(/Z....I.*C57P01/s);
    expect(departures()).toEqual({ quiet: 0, boundary: 1, crossed: 0 });
  });

  it('runs what was sent ahead', async () => {
    await start({ quietMs: 60_000, boundaryAfterMs: 0, timeoutMs: 60_000 });
    const client = await rig.in();
    await client.ask(query('begin'));
    const closed = rig.running.proxy.close('drain');
    const again = [
      parse({ name: '', text: 'select 1', parameterTypes: [] }),
      bind({ portal: '', statement: '', parameterFormats: [], parameters: [], resultFormats: [] }),
      execute({ portal: '', rowsMax: 0 }),
      sync(),
    ];
    client.send(query('commit'), ...again, ...again);
    expect((await client.until('closed')).filter((word) => /^[ZF]/.test(word))).toEqual(['Z I', 'Z I', 'Z I', told]);
    await closed;
  });

  it('waits in session mode for the end of the transaction, not of the session', async () => {
    await start({ quietMs: 0, boundaryAfterMs: 0, timeoutMs: 60_000 }, { pool: { mode: 'session' } });
    const client = await rig.in();
    await client.ask(query('begin'));
    const closed = rig.running.proxy.close('drain');
    expect(await client.ask(query('commit'))).toEqual(['C COMMIT', 'Z I']);
    expect(await client.until('closed')).toEqual([told]);
    await closed;
  });

  it('keeps a client with session state until the others have left', async () => {
    await start({ quietMs: 0, boundaryAfterMs: 300, timeoutMs: 60_000 });
    const [pinned, idle] = [await rig.in(), await rig.in()];
    await pinned.ask(query('listen news'));
    const closed = rig.running.proxy.close('drain');
    expect(await idle.until('closed')).toEqual([told]);
    expect(await pinned.ask(query('select 1'))).toContain('Z I');
    expect(await pinned.until('closed')).toEqual([told]);
    await closed;
  });

  it('admits clients that had connected before', async () => {
    await start({ quietMs: 0, ...late });
    const socket = connect({ host: '127.0.0.1', port: rig.port });
    const whole = startupMessage(0, Object.entries({ user: 'app', database: 'app' }));
    socket.write(whole.subarray(0, 10));
    await eventually(() => rig.running.proxy.pendingLogins === 1);
    const closed = rig.running.proxy.close('drain');
    socket.write(whole.subarray(10));
    const answer = await new Promise<Buffer>((resolve) => socket.once('data', resolve));
    expect(answer[0]).toBe('R'.charCodeAt(0));
    socket.destroy();
    await closed;
  });

  it('waits for nobody any more once it is to end at once', async () => {
    await start({ quietMs: 0, ...late });
    const client = await rig.in();
    await client.ask(query('begin'));
    const closed = rig.running.proxy.close('drain');
    rig.running.stop('now');
    expect(await client.until('closed')).toEqual([told]);
    await closed;
  });

  it('is not resumed when the proxy is shutting down: nobody new could come in', async () => {
    await start({ quietMs: 0, ...late });
    const [busy, console] = [await rig.in(), await rig.in({ database: 'pgbouncer' })];
    await busy.ask(query('begin'));
    const closed = rig.running.proxy.close('drain');
    await eventually(() => rig.running.proxy.host.isDraining);
    rig.running.resume();
    expect((await console.ask(query('RESUME')))[0]).toBe('ERROR 55000 pooler is shutting down');
    await busy.ask(query('commit'));
    expect(await busy.until('closed')).toEqual([told]);
    await closed;
  });

  it('disconnects those that do not leave in time', async () => {
    await start({ quietMs: 0, boundaryAfterMs: 0, timeoutMs: 200 });
    const client = await rig.in();
    await client.ask(query('begin'));
    await rig.running.proxy.close('drain');
    expect(await client.until('closed')).toEqual([told]);
  });

  it('counts clients that had already sent a statement when they were told', async () => {
    await start({ quietMs: 0, ...late });
    const client = await rig.in();
    const closed = rig.running.proxy.close('drain');
    client.socket.pause();
    await eventually(() => departures().quiet === 1);
    client.send(query('select 1'));
    await eventually(() => departures().crossed === 1);
    client.socket.resume();
    expect(await client.until('closed')).toEqual([told]);
    await closed;
  });

  it('is no longer ready at /readyz before it refuses anybody', async () => {
    await start({ announceMs: 2_000, quietMs: 0, boundaryAfterMs: 0 });
    const readyz = new URL('/readyz', rig.running.urls.metrics);
    expect((await fetch(readyz)).status).toBe(200);
    const closed = rig.running.proxy.close('drain');
    expect((await fetch(readyz)).status).toBe(503);
    const client = await rig.in();
    expect(await client.until('closed')).toEqual([told]);
    await closed;
  });
});

describe('the console', () => {
  it('drains a database, and calls it off', async () => {
    const other = { app: { upstream: 'main' }, other: { upstream: 'main' } };
    await start({ quietMs: 0, ...late }, { databases: other });
    const [console, client] = [await rig.in({ database: 'medrex' }), await rig.in()];
    const elsewhere = await rig.in({ database: 'other' });
    expect(await console.ask(query('DRAIN app'))).toEqual(['C DRAIN', 'Z I']);
    expect(await client.until('closed')).toEqual([told]);
    expect(await console.ask(query('RESUME app'))).toEqual(['C RESUME', 'Z I']);
    const again = await rig.in();
    rig.running.proxy.host.tick();
    expect(await again.ask(query('select 1'))).toContain('Z I');
    expect(await elsewhere.ask(query('select 1'))).toContain('Z I');
  });

  it.each([
    ['SHUTDOWN', 'now'],
    ['shutdown wait_for_clients', 'drain'],
    ['SHUTDOWN WAIT_FOR_SERVERS;', 'boundary'],
  ])('asks for the end with %s', async (words, how) => {
    await start({ quietMs: 0, ...late });
    const [console, client] = [await rig.in({ database: 'medrex' }), await rig.in()];
    await client.ask(query('begin'));
    expect(await console.ask(query(words))).toEqual(['C SHUTDOWN', 'Z I']);
    await rig.running.stopRequested;
    const closed = rig.running.close();
    if (how !== 'now') expect(await client.ask(query('commit'))).toEqual(['C COMMIT', 'Z I']);
    expect(await client.until('closed')).toEqual([told]);
    await closed;
  });

  it('refuses other ways to end', async () => {
    await start({});
    const console = await rig.in({ database: 'medrex' });
    expect((await console.ask(query('SHUTDOWN NOW')))[0]).toMatch(/^ERROR 42601/);
  });
});

describe('the own address of an instance', () => {
  it('serves cancel requests and the console while the proxy ends, and nobody else', async () => {
    await start({ quietMs: 0, ...late }, { instance: { own: { port: 0 } } });
    const client = await rig.in();
    await client.ask(query('begin'));
    const closed = rig.running.proxy.close('drain');
    const port = rig.running.proxy.ownPort!;
    const operator = await WireClient.in({ port, database: 'medrex' });
    expect((await operator.ask(query('SHOW POOLS')))[0]).toBe('T');
    const refused = 'FATAL 57P03 the database system is shutting down';
    expect(await WireClient.open({ port }).until('closed')).toEqual([refused]);
    await client.ask(query('commit'));
    await closed;
    expect(await operator.until('closed')).toEqual([told]);
  });
});
