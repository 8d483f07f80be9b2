import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import type { Backend } from '../session/backend/backend.ts';
import { RealRig } from '../testing/real-rig.ts';

describeReal('POSTGRES', 'caches that a RELOAD creates', (where) => {
  let rig: RealRig;
  let reader: pg.Client;
  let writer: pg.Client;
  const caches = () => rig.running.proxy.host.caches;
  const isOn = (): boolean => caches()?.databases()[0]?.[1].isOn === true;
  const value = async (): Promise<unknown> =>
    (await reader.query<{ a: string }>('select a from ward where id = 1')).rows[0]?.a;
  const hits = (): number => caches()!.answers.rows.counts.hits;
  const write = (client: pg.Client, to: string) => client.query('update ward set a = $1 where id = 1', [to]);

  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 5);
    [reader, writer] = [await rig.client(), await rig.client()];
    await writer.query("create table ward (id int primary key, a text); insert into ward values (1, 'old')");
  });
  afterEach(() => rig.close());

  it('cache nothing until running requests have ended, and see writes of existing clients', async () => {
    await writer.query('begin');
    await write(writer, 'begun before');
    rig.reload({ cache: { rules: [{}], metadata: true, pollMs: 200 } });
    expect(await value()).toBe('old');
    await eventually(() => caches()!.databases()[0]![1].relations > 0);
    expect([await value(), isOn(), hits()]).toEqual(['old', false, 0]);
    await writer.query('commit');
    expect(await value()).toBe('begun before');
    await eventually(isOn);
    await eventually(async () => (await value()) === 'begun before' && hits() > 0);
    for (const to of ['one', 'two', 'three']) {
      await write(writer, to);
      expect([await value(), await value()]).toEqual([to, to]);
    }
  });

  it('see the writes of clients that were not observed before', async () => {
    await rig.close();
    rig = await RealRig.start(where, 'transaction', 5, undefined, {
      statistics: { isOn: false },
      classes: { isOn: false },
    });
    [reader, writer] = [await rig.client(), await rig.client()];
    await writer.query("create table ward (id int primary key, a text); insert into ward values (1, 'old')");
    const named = (to: string) =>
      writer.query({ name: 'w', text: 'update ward set a = $1 where id = 1', values: [to] });
    await named('named before');
    rig.reload({ cache: { rules: [{}] }, statistics: { isOn: false }, classes: { isOn: false } });
    expect(await value()).toBe('named before');
    await eventually(isOn);
    await eventually(async () => (await value()) === 'named before' && hits() > 0);
    await write(writer, 'unnamed');
    expect(await value()).toBe('unnamed');
    expect(await value()).toBe('unnamed');
    await named('named');
    expect(await value()).toBe('named');
  });

  it('start anew at RECONNECT, after which the server may be another one', async () => {
    rig.reload({ cache: { rules: [{}] } });
    await eventually(isOn);
    await eventually(async () => (await value()) === 'old' && hits() > 0);
    const lost = caches()!.invalidated.lost;
    rig.running.proxy.host.servers.reconnect({});
    await eventually(() => caches()!.invalidated.lost > lost);
    await eventually(isOn);
    const found = hits();
    expect([await value(), hits()]).toEqual(['old', found]);
  });

  it('follow the new rules for existing clients, too', async () => {
    rig.reload({ cache: { rules: [{}] } });
    await eventually(isOn);
    await eventually(async () => (await value()) === 'old' && hits() > 0);
    await writer.query('prepare later as update ward set a = $1 where id = 1');
    rig.reload({ cache: { rules: [{ tables: ['elsewhere'] }], ttlMs: 1_000 } });
    expect(caches()?.config.ttlMs).toBe(1_000);
    await eventually(isOn);
    await value();
    expect([hits(), await value(), hits()]).toEqual([0, 'old', 0]);
    rig.reload({ cache: { rules: [{ tables: ['ward'] }] } });
    await eventually(isOn);
    await eventually(async () => (await value()) === 'old' && hits() > 0);
    // What was prepared in SQL under another configuration writes what nobody knows.
    await writer.query("execute later('executed')");
    expect(await value()).toBe('executed');
    rig.reload({});
    expect(caches()).toBeUndefined();
    await write(writer, 'uncached');
    expect(await value()).toBe('uncached');
    expect(await (await fetch(rig.running.urls.metrics)).text()).toContain(
      'medrex_pg_proxy_cache_entries{cache="rows"} 0',
    );
  });

  it('know about a backend lost in the middle of a write before', async () => {
    rig.reload({ cache: { rules: [{}], pollMs: 200 } });
    await eventually(isOn);
    await rig.direct.query(`set search_path to ${rig.schema}`);
    await rig.direct.query('begin; lock table ward in share mode');
    const broken = write(writer, 'after all').catch(() => 'broken');
    // What watches the server is busy at times, too.
    const atWork = (): Backend[] =>
      rig.running.proxy.host.pools.backends().flatMap(({ handle }) => (handle?.isIdle === false ? [handle] : []));
    await eventually(() => atWork().length > 0);
    rig.reload({ cache: { rules: [{}], pollMs: 201 } });
    for (const backend of atWork()) backend.socket.destroy();
    expect(await broken).toBe('broken');
    await eventually(async () => (await value()) === 'old' && caches()!.answers.rows.counts.passed > 0);
    await rig.direct.query('commit');
    await eventually(async () => (await value()) !== 'old');
    await eventually(async () => (await value(), hits() > 0));
  });
});
