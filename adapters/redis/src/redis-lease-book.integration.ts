import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { grantFor, type Holder } from '@medrex/cache';
import { describeReal, eventually } from '@medrex/contracts/testing';
import fc from 'fast-check';
import { RedisLeaseBook } from './redis-lease-book.ts';
import { RedisPool } from './redis-pool.ts';
import { OwnRedis } from './testing/own-redis.ts';

const limits = { connectionsMax: 2, callsMax: 64, waitingMax: 100, connectTimeoutMs: 1_000, callTimeoutMs: 1_000 };

describeReal('REDIS', 'the lease book in Redis', () => {
  let redis: OwnRedis;
  let pool: RedisPool;
  beforeEach(async () => {
    redis = await OwnRedis.start();
    pool = new RedisPool({ host: '127.0.0.1', port: redis.port, ...limits });
    await eventually(() => pool.state().idle === 2);
  });
  afterEach(async () => {
    await pool.close();
    await redis.close();
  });

  it('grants the same as grantFor', async () => {
    let run = 0;
    const step = fc.record({
      place: fc.nat(3),
      wanted: fc.nat(15),
      inUse: fc.nat(8),
      leaves: fc.constantFrom(false, false, false, true),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.integer({ min: 1, max: 20 }), async (steps, budget) => {
        const book = new RedisLeaseBook(pool, `budget ${++run}`);
        const terms = { budget, instances: 4, leaseMs: 60_000 };
        const holders = new Map<string, Holder>();
        for (const { place, wanted, inUse, leaves } of steps) {
          const instance = String(place);
          if (leaves) {
            await book.leave(instance);
            holders.delete(instance);
            continue;
          }
          const others = [...holders].filter(([name]) => name !== instance).map(([, holder]) => holder);
          const granted = grantFor(wanted, others, terms, 0);
          expect(await book.renew(instance, { wanted, inUse }, terms)).toBe(granted);
          holders.set(instance, { wanted, inUse, granted, untilMs: 60_000 });
        }
      }),
      { numRuns: 100 },
    );
  });

  it('reserves the own share of a silent instance', async () => {
    const book = new RedisLeaseBook(pool, 'budget');
    const terms = { budget: 10, instances: 2, leaseMs: 200 };
    expect(await book.renew('a', { wanted: 1, inUse: 1 }, terms)).toBe(1);
    expect(await book.renew('b', { wanted: 10, inUse: 0 }, terms)).toBe(9);
    await eventually(async () => (await book.renew('b', { wanted: 10, inUse: 0 }, terms)) === 5);
  });

  it('removes a silent holder that must have been replaced', async () => {
    const book = new RedisLeaseBook(pool, 'budget');
    const terms = { budget: 10, instances: 2, leaseMs: 200 };
    expect(await book.renew('dead', { wanted: 5, inUse: 5 }, terms)).toBe(5);
    await eventually(async () => (await book.renew('a', { wanted: 10, inUse: 5 }, terms)) === 5);
    await new Promise((resolve) => setTimeout(resolve, 250));
    expect(await book.renew('b', { wanted: 2, inUse: 0 }, terms)).toBe(2);
    await new Promise((resolve) => setTimeout(resolve, 250));
    await book.renew('a', { wanted: 1, inUse: 1 }, terms);
    await book.renew('b', { wanted: 2, inUse: 0 }, terms);
    expect((await pool.use((redis) => redis.hkeys('budget'))).sort()).toEqual(['a', 'b']);
  });

  it('rejects at once while Redis is away', async () => {
    await redis.kill();
    await eventually(() => !pool.isReady);
    const book = new RedisLeaseBook(pool, 'budget');
    await expect(
      book.renew('a', { wanted: 1, inUse: 0 }, { budget: 1, instances: 1, leaseMs: 1 }),
    ).rejects.toMatchObject({
      code: 'REDIS_UNAVAILABLE',
    });
  });
});
