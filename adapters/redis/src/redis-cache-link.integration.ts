import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually } from '@medrex/contracts/testing';
import { RedisCacheLink } from './redis-cache-link.ts';
import { RedisPool } from './redis-pool.ts';
import { OwnRedis } from './testing/own-redis.ts';

const limits = { connectionsMax: 2, callsMax: 64, waitingMax: 100, connectTimeoutMs: 1_000, callTimeoutMs: 1_000 };

describeReal('REDIS', 'an answer shared by Redis', () => {
  let redis: OwnRedis;
  let pool: RedisPool;
  let link: RedisCacheLink;
  let generation = 0;
  const question = { database: 'clinic', key: 'select 1', ids: [-1, 7] };
  beforeEach(async () => {
    redis = await OwnRedis.start();
    pool = new RedisPool({ host: '127.0.0.1', port: redis.port, ...limits });
    link = new RedisCacheLink({ pool, prefix: 'test', generation: () => String(++generation) });
    await eventually(() => pool.state().idle === 2);
  });
  afterEach(async () => {
    await pool.close();
    await redis.close();
  });

  it('is found while no relation that it was read from has changed', async () => {
    const { answer, token } = await link.find(question);
    expect(answer).toBeUndefined();
    await link.store(question, token, Buffer.from([0, 255, 10]), 60_000);
    expect((await link.find(question)).answer).toEqual(Buffer.from([0, 255, 10]));
    expect((await link.find({ ...question, database: 'other' })).answer).toBeUndefined();
    await link.publish('x', { database: 'clinic', ids: [8] });
    expect((await link.find(question)).answer).toBeDefined();
    await link.publish('x', { database: 'clinic', ids: [7] });
    expect((await link.find(question)).answer).toBeUndefined();
  });

  it('is not cached if a relation changed while it was read', async () => {
    const { token } = await link.find(question);
    await link.publish('x', { database: 'clinic', ids: [-1] });
    await link.store(question, token, Buffer.from('late'), 60_000);
    expect((await link.find(question)).answer).toBeUndefined();
  });

  it('is not found after Redis has lost its epochs', async () => {
    const { token } = await link.find(question);
    await link.store(question, token, Buffer.from('old'), 60_000);
    await pool.use((client) => client.del('test:epochs:clinic'));
    expect((await link.find(question)).answer).toBeUndefined();
  });

  it('is not found after an instance has ended without goodbye, or after all have left; present returns the instances', async () => {
    const kept = async (): Promise<boolean> => {
      const { answer, token } = await link.find(question);
      await link.store(question, token, Buffer.from('kept'), 60_000);
      return answer !== undefined;
    };
    expect(await link.announce('1', 'beat')).toEqual(['1']);
    expect([...(await link.announce('2', 'beat'))].sort()).toEqual(['1', '2']);
    expect([await kept(), await kept()]).toEqual([false, true]);
    await link.leave('2', 'bye');
    expect(await kept()).toBe(true);
    await link.unregister('3');
    expect([await kept(), await kept()]).toEqual([false, true]);
    await link.leave('1', 'bye');
    await link.announce('4', 'beat');
    expect(await kept()).toBe(false);
  });

  it('is not found after Redis has evicted the instances, or the generation', async () => {
    await link.announce('1', 'beat');
    const keep = async (): Promise<void> => {
      const { token } = await link.find(question);
      await link.store(question, token, Buffer.from('kept'), 60_000);
      expect((await link.find(question)).answer).toBeDefined();
    };
    await keep();
    await link.unregister('2');
    await pool.use((client) => client.del('test:generation'));
    expect((await link.find(question)).answer).toBeUndefined();
    await keep();
    await pool.use((client) => client.del('test:instances'));
    await link.announce('1', 'beat');
    expect((await link.find(question)).answer).toBeUndefined();
  });

  it('is not found if Redis was restored from a snapshot older than a change', async () => {
    const { token } = await link.find(question);
    await link.store(question, token, Buffer.from('old'), 60_000);
    await pool.use((client) => client.save());
    await link.publish('x', { database: 'clinic', ids: [7] });
    await redis.kill();
    await redis.restart();
    await eventually(() => pool.state().idle === 2, 10_000);
    expect(await pool.use((client) => client.exists('test:epochs:clinic'))).toBe(1);
    expect((await link.find(question)).answer).toBeUndefined();
  });

  it('has its change received by all instances after the epochs were incremented', async () => {
    const heard: (string | undefined)[] = [];
    const end = link.subscribe((message) => heard.push(message));
    await eventually(() => heard.length === 1);
    await link.publish('news', { database: 'clinic', ids: [7] });
    await eventually(() => heard.length === 2);
    expect(heard).toEqual([undefined, 'news']);
    end();
  });

  it('rejects at once while Redis is away', async () => {
    await redis.kill();
    await eventually(() => !pool.isReady);
    await expect(link.publish('x')).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await expect(link.find(question)).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
  });
});
