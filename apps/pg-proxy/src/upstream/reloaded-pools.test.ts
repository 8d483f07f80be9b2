import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { query } from '@medrex/pg-wire';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { SqlFailure } from '@medrex/sql-driver';
import { holds, ProxyRig } from '../testing/proxy-rig.ts';
import { ScriptedPostgres } from '../testing/scripted-postgres.ts';
import type { WireClient } from '../testing/wire-client.ts';

let rig: ProxyRig;
let other: ScriptedPostgres;
beforeEach(async () => {
  other = await ScriptedPostgres.start();
});
afterEach(async () => {
  await rig.close();
  await other.close();
});

const heardAt = (postgres: ScriptedPostgres): string[] => postgres.backends.flatMap(({ heard }) => heard);
const isReadOnlyAt = (postgres: ScriptedPostgres): boolean[] =>
  postgres.backends.map(({ parameters }) => parameters.has('default_transaction_read_only'));
const reload = (more: object): void => {
  const file = join(rig.folder, 'config.json');
  writeFileSync(file, JSON.stringify({ ...(JSON.parse(readFileSync(file, 'utf8')) as object), ...more }));
  rig.running.reload();
};
const ask = (client: WireClient, text: string): Promise<string[]> => client.ask(query(text));

describe('a database that a RELOAD has at another upstream', () => {
  it('takes its clients there: idle and waiting ones at once, busy ones after their transaction', async () => {
    rig = await ProxyRig.start({ config: { pool: { size: 1, reserve: 0 } } });
    const [resting, busy, waiting] = [await rig.in(), await rig.in(), await rig.in()];
    await ask(busy, 'begin');
    waiting.send(query('select waited'));
    await rig.waiting(1);
    reload({ upstreams: { copy: { port: other.port } }, databases: { app: { upstream: 'copy' } } });
    await ask(busy, 'select in transaction');
    await ask(busy, 'commit');
    await waiting.until('Z I');
    await ask(busy, 'select again');
    await ask(resting, 'select rested');
    const newcomer = await rig.in();
    await ask(newcomer, 'select new');
    expect(heardAt(rig.postgres)).toEqual(['begin', 'select in transaction', 'commit']);
    expect(heardAt(other)).toEqual(['select waited', 'select again', 'select rested', 'select new']);
    expect(isReadOnlyAt(other)).toEqual([false]);
    expect(rig.running.proxy.host.pools.totals(0).pools).toBe(1);
  });

  it('disconnects them if that is a server of another kind, and admits others there', async () => {
    const refusal = new SqlFailure('this is IRIS', { sqlstate: '28P01' });
    rig = await ProxyRig.start({
      irisDriver: () => ({ open: () => Promise.reject(refusal) }),
      files: { 'driver.jar': '' },
      config: { drain: { announceMs: 0, quietMs: 1, boundaryAfterMs: 1 } },
    });
    const [resting, busy] = [await rig.in(), await rig.in()];
    await ask(busy, 'begin');
    const iris = { kind: 'iris', port: other.port, iris: { version: '2025.2', jars: ['driver.jar'] } };
    reload({ upstreams: { iris }, databases: { app: { upstream: 'iris' } } });
    await resting.until('closed');
    expect(await rig.open().until('closed')).toEqual([expect.stringContaining('FATAL 28P01 this is IRIS')]);
    await ask(busy, 'select in transaction');
    busy.send(query('commit'));
    await busy.until('closed');
    expect(heardAt(rig.postgres)).toEqual(['begin', 'select in transaction', 'commit']);
    await holds(() => expect(rig.running.proxy.host.departures.isDraining).toBe(false));
  });

  it('leaves a class its upstream, even when they change places', async () => {
    const report = 'select ward, count(*) from stays group by ward';
    rig = await ProxyRig.start({
      upstreams: { mirror: { port: other.port } },
      config: { databases: { app: { upstream: 'main', upstreamOfClass: { analytical: 'mirror' } } } },
    });
    const client = await rig.in();
    for (const text of ['select before', report]) await ask(client, text);
    reload({ databases: { app: { upstream: 'mirror', upstreamOfClass: { analytical: 'main' } } } });
    for (const text of ['select behind', report]) await ask(client, text);
    expect(heardAt(rig.postgres)).toEqual(['select before', report]);
    expect(heardAt(other)).toEqual([report, 'select behind']);
    expect([isReadOnlyAt(rig.postgres), isReadOnlyAt(other)]).toEqual([
      [false, true],
      [true, false],
    ]);
  });
});
