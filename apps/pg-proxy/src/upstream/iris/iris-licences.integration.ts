import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { describeReal, eventually, whereIs } from '@medrex/contracts/testing';
import { JdbcBridge } from '@medrex/iris';
import { pgjdbcJar } from '@medrex/iris/testing';
import { OwnRedis } from '@medrex/redis/testing';
import type pg from 'pg';
import { IrisRig } from '../../testing/iris-rig.ts';

const where = whereIs('POSTGRES');
const jar = pgjdbcJar();
const patienceMs = 30_000;

(where === undefined ? describeReal.bind(undefined, 'POSTGRES') : describeReal.bind(undefined, 'REDIS'))(
  'two instances of pg-proxy that share a licence of IRIS',
  () => {
    if (jar === undefined) {
      it.skip('needs a JDK, and pgjdbc from Maven', () => undefined);
      return;
    }
    let redis: OwnRedis | undefined;
    let rigs: IrisRig[] = [];
    // One Java process for all: each takes seconds to start.
    const bridge = new JdbcBridge({ jars: [jar] });
    beforeAll(() => bridge.start());
    afterAll(() => bridge.close());
    const start = async (connections: number, ids: readonly number[]): Promise<void> => {
      const cache = redis === undefined ? {} : { redis: { port: redis.port } };
      // One after the other: each makes its stand-in anew.
      for (const id of ids) {
        const config = { cache, instance: { id }, admin: { users: ['medrex', 'postgres'] } };
        const iris = { licence: { connections, sharedBy: 2 } };
        rigs.push(await IrisRig.start({ where: where!, jar, bridge, iris, config, pool: { mode: 'session' } }));
      }
    };
    afterEach(async () => {
      for (const rig of rigs) await rig.close();
      rigs = [];
      await redis?.close();
      redis = undefined;
    });
    const granted = (): number[] => rigs.map(({ running }) => running.proxy.host.licences.shares()[0]?.granted ?? -1);
    const held = (rig: IrisRig): number => {
      const { active, idle, opening } = rig.running.proxy.host.pools.totals(0);
      return active + idle + opening;
    };
    let most = 0;
    /** Clients that keep what they get. */
    const crowd = (rig: IrisRig, count: number): Promise<pg.Client>[] =>
      Array.from({ length: count }, async () => {
        const client = await rig.client();
        await client.query('select 1').catch(() => undefined);
        most = Math.max(
          most,
          rigs.map(held).reduce((sum, each) => sum + each, 0),
        );
        return client;
      });
    const leave = async (clients: readonly Promise<pg.Client>[]): Promise<void> => {
      // Whoever has a connection makes room for who waits for one.
      await Promise.all(clients.map(async (client) => (await client).end()));
    };

    it('have half of its connections each without Redis', async () => {
      await start(6, [1]);
      const clients = crowd(rigs[0]!, 5);
      await eventually(() => held(rigs[0]!) === 3, patienceMs);
      expect(rigs[0]!.running.proxy.host.licences.shares()[0]).toMatchObject({ by: 'share', granted: 3, budget: 6 });
      await leave(clients);
    });

    it('lend each other what they do not need, and never exceed it together', async () => {
      redis = await OwnRedis.start();
      most = 0;
      await start(8, [1, 2]);
      const [one, other] = rigs as [IrisRig, IrisRig];
      // Nobody lends what somebody may have in use who has not been heard.
      await Promise.all(crowd(other, 1));
      const first = crowd(one, 8);
      await eventually(() => granted()[0]! > 4 && held(one) > 4, patienceMs);
      const second = crowd(other, 6);
      await leave(first);
      await eventually(() => held(other) > 4, patienceMs);
      const shown = await (await fetch(one.running.urls.metrics)).text();
      expect(shown).toMatch(/medrex_pg_proxy_licence_by_lease 1/);
      await redis.kill();
      await eventually(() => granted().every((each) => each <= 4), patienceMs);
      expect(most).toBeLessThanOrEqual(8);
      await leave(second);
    });
  },
);
