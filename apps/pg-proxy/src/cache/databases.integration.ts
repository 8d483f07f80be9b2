import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';

describeReal('POSTGRES', 'databases with cached answers', (where) => {
  let rig: RealRig;
  const caches = () => rig.running.proxy.host.caches!;
  const at = (database: string): Promise<pg.Client> => {
    const url = new URL(rig.url);
    url.pathname = database;
    return rig.client({ connectionString: url.href });
  };
  const isOn = (database: string): boolean | undefined => {
    const found = caches()
      .databases()
      .find(([key]) => key.includes(`"${database}"`));
    return found?.[1].isOn;
  };

  beforeEach(async () => {
    rig = await RealRig.start(where, 'transaction', 5, undefined, {
      cache: { metadata: true, pollMs: 200, hitRatioMin: 0 },
      pool: { mode: 'transaction', size: 5, idleTimeoutMs: 200 },
    });
  });
  afterEach(() => rig.close());

  it('can be dropped from another database', async () => {
    const database = `${rig.schema}_kept`;
    const operator = await rig.client();
    await operator.query(`create database ${database}`);
    const client = await at(database);
    await client.query('select 1');
    await eventually(() => isOn(database) === true, 10_000);
    await client.end();
    await operator.query(`drop database ${database}`);
    await eventually(() => isOn(database) === undefined, 10_000);
  });

  it('are forgotten when nobody uses them, and known again when somebody returns', async () => {
    const database = `${rig.schema}_quiet`;
    await rig.direct.query(`create database ${database}`);
    try {
      const text = 'select count(*)::int as n from pg_class';
      for (const visit of [1, 2]) {
        const client = await at(database);
        await client.query('select 1');
        await eventually(() => isOn(database) === true, 10_000);
        const asked = [await client.query(text), await client.query(text)];
        expect(asked[0]!.rows).toEqual(asked[1]!.rows);
        expect(caches().answers.metadata.counts.hits).toBe(visit);
        await client.end();
        await eventually(() => isOn(database) === undefined, 10_000);
      }
    } finally {
      await rig.direct.query(`drop database ${database}`);
    }
  });

  it('are limited to existing ones, whatever names clients make up', async () => {
    const names = Array.from({ length: 20 }, (_, nth) => `made_up_${nth}`);
    for (const database of names) await expect(at(database)).rejects.toMatchObject({ code: '3D000' });
    await eventually(
      () =>
        !caches()
          .databases()
          .some(([key]) => key.includes('made_up')),
      10_000,
    );
  });
});
