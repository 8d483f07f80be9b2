import { afterEach, describe, expect, it } from '@jest/globals';
import { parameterStatus, query } from '@medrex/pg-wire';
import { eventually } from '@medrex/contracts/testing';
import { oneBackend } from '../testing/asked.ts';
import { holds, ProxyRig } from '../testing/proxy-rig.ts';
import { Transcript } from '../testing/transcript.ts';
import type { WireClient } from '../testing/wire-client.ts';

let rig: ProxyRig;

afterEach(async () => {
  await rig.close();
});

/** One that remembers what it is told of parameters. */
async function enter(): Promise<WireClient & { told: Transcript }> {
  const told = new Transcript();
  const client = rig.open({ wordOf: (...message) => told.wordOf(...message) });
  await client.until('Z');
  return Object.assign(client, { told });
}

const off = parameterStatus({ name: 'in_hot_standby', value: 'off' });

describe('a server that does not answer a login', () => {
  it('makes nobody wait longer than configured, whoever asked first', async () => {
    const pool = { size: 1, reserve: 0, waitTimeoutMs: 2_500, noticeAfterMs: 60_000 };
    rig = await ProxyRig.start({ config: { pool }, timeStandsStill: true });
    rig.postgres.isMute = true;
    const clients = [rig.open(), rig.open(), rig.open()];
    await rig.waiting(1);
    await holds(() => expect(rig.running.proxy.host.clients.size).toBe(3));
    rig.after(2_500);
    for (const client of clients) await client.until('FATAL');
  });
});

describe('a standby that was promoted', () => {
  it('reports that to existing clients of the backend, to the next ones, and to new clients', async () => {
    rig = await ProxyRig.start(oneBackend);
    const [one, other] = [await enter(), await enter()];
    rig.postgres.backends[0]?.reports.push(off);
    await one.ask(query('select 1'));
    const clients = [one, other, await enter()];
    await other.ask(query('select 1'));
    expect(clients.map(({ told }) => told.parameters.get('in_hot_standby'))).toEqual(['off', 'off', 'off']);
    expect(rig.postgres.backends).toHaveLength(1);
  });

  it('reports that to a client that logs in a second after the last one', async () => {
    rig = await ProxyRig.start({ ...oneBackend, timeStandsStill: true });
    const before = await enter();
    const [backend] = rig.postgres.backends;
    backend?.reports.push(off);
    rig.after(1_000);
    const told = [before, await enter()].map((client) => client.told.parameters.get('in_hot_standby'));
    expect(told).toEqual(['on', 'off']);
  });
});

describe('a backend that was closed while idle', () => {
  const ways = (['session', 'transaction'] as const).flatMap((mode) =>
    (['with a word', 'without a word'] as const).map((how) => ({ mode, how })),
  );

  it.each(ways)('turns away nobody who comes in by it ($mode mode, $how)', async ({ mode, how }) => {
    rig = await ProxyRig.start({ config: { pool: { size: 3, mode } } });
    const before = await Promise.all([rig.in(), rig.in()]);
    await Promise.all(before.map((client) => client.ask(query('begin'))));
    for (const client of before) {
      await client.ask(query('commit'));
      client.close();
    }
    await eventually(() => rig.running.proxy.host.pools.totals(0).idle === 2);
    for (const backend of rig.postgres.backends) backend.hasEnded = how;
    const client = rig.open({ parameters: { application_name: 'comes later' } });
    expect(await client.until('Z')).toEqual(expect.not.arrayContaining([expect.stringContaining('FATAL')]));
    expect(await client.ask(query('select 1'))).toContain('D 3');
  });
});
