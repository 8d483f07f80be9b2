import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, freePort } from '@medrex/contracts/testing';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Outage } from './outage.ts';
import { ProxyRig } from '../testing/proxy-rig.ts';

let rig: ProxyRig | undefined;

afterEach(async () => {
  await rig?.close();
  rig = undefined;
});

describe('/readyz while the upstream is down', () => {
  it('reports that no upstream has been reachable for the configured time, and recovers when one is', async () => {
    rig = await ProxyRig.start({ config: { metrics: { port: 0, notReadyAfterMs: 1 } } });
    const ready = rig.running.urls.metrics.replace('/metrics', '/readyz');
    const status = async (): Promise<number> => (await fetch(ready)).status;
    expect(await status()).toBe(200);
    const port = await rig.postgres.goAway();
    // Nobody has noticed yet, and one that nobody asks for may be as it likes.
    expect(await status()).toBe(200);
    const client = rig.open();
    await eventually(async () => (await status()) === 503);
    client.socket.destroy();
    await rig.postgres.comeBack(port);
    await eventually(async () => (await status()) === 200);
  });

  it('also recovers for a server on a Unix socket', async () => {
    const host = mkdtempSync(join(tmpdir(), 'medrex-outage-'));
    const server = createServer((socket) => socket.destroy()).listen(join(host, '.s.PGSQL.5432'));
    let nowMs = 0;
    const outage = new Outage({ now: () => nowMs, upstreams: () => ['a'], addressesOf: () => [{ host, port: 5432 }] });
    outage.failed('a');
    nowMs = 1;
    expect(outage.durationMs).toBe(1);
    outage.tick();
    await eventually(() => outage.durationMs === 0);
    server.close();
    rmSync(host, { recursive: true });
  });

  it('is not affected by a refused login', async () => {
    rig = await ProxyRig.start({
      config: { databases: { app: { upstream: 'main', user: 'stranger' } }, metrics: { port: 0, notReadyAfterMs: 1 } },
    });
    expect(await rig.open().until('closed')).toEqual([expect.stringContaining('FATAL 28P01')]);
    expect(rig.running.proxy.notReady).toBeUndefined();
  });

  it('recovers for all pools of a server when it accepts connections again, and not before', async () => {
    const server = createServer((socket) => socket.destroy());
    const port = await freePort();
    const came: string[] = [];
    let nowMs = 0;
    const outage = new Outage({
      now: () => nowMs,
      upstreams: () => ['a'],
      addressesOf: () => [{ host: '127.0.0.1', port }],
      recovered: (upstream) => came.push(upstream),
    });
    const look = (): void => {
      nowMs += 1_000;
      outage.tick();
    };
    outage.failed('a');
    look();
    await eventually(() => {
      look();
      return nowMs > 5_000;
    });
    expect(came).toEqual([]);
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    await eventually(() => {
      look();
      return came.length > 0;
    });
    expect(outage.durationMs).toBe(0);
    // One that takes connections, and does not let anybody in, is no news.
    outage.failed('a');
    look();
    await eventually(() => outage.durationMs === 0);
    expect(came).toEqual(['a']);
    await new Promise((closed) => server.close(closed));
  });

  it('counts from when the last upstream was lost', () => {
    let nowMs = 0;
    const outage = new Outage({
      now: () => nowMs,
      upstreams: () => ['a', 'b'],
      addressesOf: () => [{ host: '', port: 0 }],
    });
    outage.failed('a');
    nowMs = 100;
    expect(outage.durationMs).toBe(0);
    outage.failed('b');
    outage.failed('a');
    nowMs = 130;
    expect(outage.durationMs).toBe(30);
    outage.reached('a');
    expect(outage.durationMs).toBe(0);
  });
});
