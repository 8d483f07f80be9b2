import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { SharedEpochs } from '@medrex/cache';
import { describeReal, eventually, TcpProxy, whereIs } from '@medrex/contracts/testing';
import { OwnRedis } from '@medrex/redis/testing';
import type pg from 'pg';
import { RealRig } from '../testing/real-rig.ts';
import type { Request } from '../session/client/request.ts';

const where = whereIs('POSTGRES');

(where === undefined ? describeReal.bind(undefined, 'POSTGRES') : describeReal.bind(undefined, 'REDIS'))(
  'two instances of pg-proxy that keep answers',
  () => {
    let redis: OwnRedis;
    /** Of the first one to Redis. */
    let way: TcpProxy;
    let rigs: RealRig[];
    /** Requests that went to the server, by instance. */
    let asked: number[];
    let one: pg.Client;
    let other: pg.Client;
    let table: string;
    const start = async (answers: boolean): Promise<void> => {
      asked = [0, 0];
      const ports = [way.port, redis.port];
      const cacheOf = (port: number | undefined) => ({ rules: [{}], hitRatioMin: 0, redis: { port, answers } });
      rigs = await Promise.all(
        asked.map((_, place) =>
          RealRig.start(
            where!,
            'transaction',
            4,
            {
              ended: (request: Request) => (asked[place]! += request.backend === undefined ? 0 : 1),
            },
            { cache: cacheOf(ports[place]) },
          ),
        ),
      );
      table = `${rigs[0]!.schema}.ward`;
      await rigs[0]!.direct.query(`create table ${table} (id int, a int); insert into ${table} values (1, 0)`);
      [one, other] = [await rigs[0]!.client(), await rigs[1]!.client()];
      await open();
    };
    const caches = () => rigs.map((rig) => rig.running.proxy.host.caches!);
    const open = () =>
      eventually(
        () =>
          caches().every(
            (each) => each.isUsable && each.otherInstances === 1 && each.databases().every(([, { isOn }]) => isOn),
          ),
        15_000,
      );
    const value = async (client: pg.Client): Promise<number> =>
      (await client.query<{ a: number }>(`select a from ${table} where id = 1`)).rows[0]!.a;

    beforeEach(async () => {
      redis = await OwnRedis.start();
      way = await TcpProxy.to({ host: '127.0.0.1', port: redis.port });
    });
    afterEach(async () => {
      await Promise.all(rigs.map((rig) => rig.close()));
      await way.close();
      jest.restoreAllMocks();
      await redis.close();
    });

    it('see the writes of each other within the bound, and their own at once', async () => {
      await start(false);
      const acknowledgedAt: number[] = [performance.now()];
      const staleMs: number[] = [];
      let isOver = false;
      const read = async (client: pg.Client, isOwn: boolean): Promise<void> => {
        while (!isOver) {
          const newest = acknowledgedAt.length - 1;
          const atMs = performance.now();
          const seen = await value(client);
          if (isOwn) expect(seen).toBeGreaterThanOrEqual(newest);
          // How long ago the first version that should have been seen was acknowledged.
          else if (seen < newest) staleMs.push(atMs - acknowledgedAt[seen + 1]!);
        }
      };
      const readers = [read(await rigs[0]!.client(), true), read(other, false), read(await rigs[1]!.client(), false)];
      for (let version = 1; version <= 300; version++) {
        await one.query(`update ${table} set a = ${version}`);
        acknowledgedAt.push(performance.now());
        if (version % 10 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      }
      isOver = true;
      await Promise.all(readers);
      expect(Math.max(0, ...staleMs)).toBeLessThan(SharedEpochs.boundMs);
      expect(caches()[1]!.answers.rows.counts.hits).toBeGreaterThan(20);
      console.log(
        `stale reads elsewhere: ${staleMs.length}, at most ${Math.max(0, ...staleMs).toFixed(1)} ms after the commit`,
      );
    });

    it('ask the server while Redis is away, and share again when it is back', async () => {
      await start(false);
      expect([await value(one), await value(one)]).toEqual([0, 0]);
      expect([await value(other), await value(other)]).toEqual([0, 0]);
      await redis.kill();
      await one.query(`update ${table} set a = 1`);
      expect(await value(one)).toBe(1);
      // At the latest after its bound the other one knows that it knows nothing.
      await eventually(() => caches().every((each) => !each.isUsable), SharedEpochs.boundMs + 2_000);
      expect([await value(other), await value(one)]).toEqual([1, 1]);
      await one.query(`update ${table} set a = 2`);
      expect([await value(other), await value(one)]).toEqual([2, 2]);
      await redis.restart();
      await open();
      await one.query(`update ${table} set a = 3`);
      expect(await value(one)).toBe(3);
      await eventually(async () => (await value(other)) === 3);
      const before = caches()[1]!.answers.rows.counts.hits;
      await value(other);
      expect(caches()[1]!.answers.rows.counts.hits).toBe(before + 1);
    });

    it('do not forget one that is cut off from Redis and writes for more than a minute', async () => {
      await start(true);
      expect([await value(one), await value(other), await value(other)]).toEqual([0, 0, 0]);
      way.cut();
      await one.query(`update ${table} set a = 1`);
      await eventually(() => !caches()[1]!.isUsable, SharedEpochs.boundMs + 2_000);
      const now = performance.now.bind(performance);
      let laterMs = 0;
      jest.spyOn(performance, 'now').mockImplementation(() => now() + laterMs);
      for (let version = 2; version < 50; version++) {
        laterMs += 2_500;
        await one.query(`update ${table} set a = ${version}`);
        expect(await value(other)).toBe(version);
        await new Promise((resolve) => setTimeout(resolve, 110));
      }
      expect(caches().map(({ isUsable, otherInstances }) => [isUsable, otherInstances])).toEqual([
        [false, 1],
        [false, 1],
      ]);
      way.restore();
      await open();
      await one.query(`update ${table} set a = -1`);
      await eventually(async () => (await value(other)) === -1);
    });

    it('continue without one that died, and drop everything that it may have written', async () => {
      await start(true);
      expect([await value(one), await value(other), await value(other)]).toEqual([0, 0, 0]);
      way.cut();
      await one.query(`update ${table} set a = 1`);
      await rigs[0]!.running.close();
      await eventually(() => !caches()[1]!.isUsable, SharedEpochs.boundMs + 2_000);
      expect(await value(other)).toBe(1);
      await eventually(() => caches()[1]!.isUsable, 15_000);
      expect([caches()[1]!.otherInstances, await value(other)]).toEqual([0, 1]);
      const { hits } = caches()[1]!.answers.rows.counts;
      await eventually(async () => (await value(other)) === 1 && caches()[1]!.answers.rows.counts.hits > hits);
    });

    it('share answers until one of them writes', async () => {
      await start(true);
      const ask = async (client: pg.Client, place: number): Promise<[number, number]> => {
        const before = asked[place]!;
        const seen = await value(client);
        return [seen, asked[place]! - before];
      };
      expect(await ask(one, 0)).toEqual([0, 1]);
      await eventually(async () => (await ask(await rigs[1]!.client(), 1))[1] === 0);
      expect(await ask(other, 1)).toEqual([0, 0]);
      await other.query(`update ${table} set a = 5`);
      expect((await ask(other, 1))[0]).toBe(5);
      await eventually(async () => (await value(one)) === 5);
    });

    it('share no answer from before a write outside that is reported by NOTIFY', async () => {
      await start(true);
      for (let version = 1; version <= 3; version++) {
        // Both keep it, and so does Redis.
        await eventually(async () => {
          const before = asked.join();
          const seen = [await value(one), await value(other)];
          return seen.every((each) => each === version - 1) && asked.join() === before;
        });
        await rigs[0]!.direct.query(`update ${table} set a = ${version}; notify medrex_cache, '${table}'`);
        await eventually(async () => (await value(one)) === version && (await value(other)) === version);
      }
    });

    it('share no answer from before a time in which nobody listened for writes outside', async () => {
      await start(true);
      await eventually(async () => {
        const before = asked[0];
        return (await value(one)) === 0 && asked[0] === before;
      });
      await rigs[0]!.direct.query(`select pg_terminate_backend(pid) from pg_stat_activity
        where application_name like 'medrex pg-proxy cache%' and datname = current_database()`);
      await eventually(() => caches().every((each) => each.databases().every(([, { isOn }]) => !isOn)));
      await rigs[0]!.direct.query(`update ${table} set a = 1`);
      await open();
      expect([await value(one), await value(other)]).toEqual([1, 1]);
    });

    it('ask the server for answers nobody has cached, even if a described statement must be prepared first', async () => {
      await start(true);
      const ask = async (id: number): Promise<number> =>
        (await one.query({ name: 'by_id', text: `select a from ${table} where id = $1`, values: [id] })).rows.length;
      await one.query(`insert into ${table} select n, 0 from generate_series(2, 20) n`);
      // As many backends as there can be, at rest.
      const others = await Promise.all([1, 2, 3, 4].map(() => rigs[0]!.client()));
      await Promise.all(others.map((client) => client.query('select pg_sleep(0.5)')));
      expect(await ask(1)).toBe(1);
      // Each of these takes one, first the one that has prepared it.
      for (const [at, client] of others.slice(1).entries()) {
        await client.query(`begin; select ${at}`);
        expect(await ask(at + 2)).toBe(1);
      }
    });
  },
);
