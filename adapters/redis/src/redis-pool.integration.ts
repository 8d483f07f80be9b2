import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { describeReal, eventually, TcpProxy } from '@medrex/contracts/testing';
import { RedisPool } from './redis-pool.ts';
import type { RedisPoolOptions } from './redis-options.ts';
import { OwnRedis } from './testing/own-redis.ts';

const limits = { connectionsMax: 2, callsMax: 2, waitingMax: 2, connectTimeoutMs: 1_000, callTimeoutMs: 500 };

describeReal('REDIS', 'the pool of connections to Redis', () => {
  let redis: OwnRedis;
  const pools: RedisPool[] = [];
  const pool = (options: Partial<RedisPoolOptions> = {}): RedisPool => {
    const made = new RedisPool({ host: '127.0.0.1', port: redis.port, ...limits, ...options });
    pools.push(made);
    return made;
  };
  const ready = async (made: RedisPool): Promise<RedisPool> => {
    await eventually(() => (made.state().idle === limits.connectionsMax ? true : undefined));
    return made;
  };
  beforeEach(async () => {
    redis = await OwnRedis.start('--user cache on >open-sesame ~* &* +@all'.split(' '));
  });
  afterEach(async () => {
    for (const made of pools.splice(0)) await made.close();
    await redis.close();
  });

  it('limits concurrent and waiting calls, and refuses more', async () => {
    const made = await ready(pool());
    const waits: number[] = [];
    made.onWaited((ms) => waits.push(ms));
    let free = (): void => undefined;
    const held = new Promise<void>((done) => (free = done));
    const calls = Array.from({ length: 7 }, () => made.use(() => held));
    await expect(calls[6]).rejects.toMatchObject({ code: 'REDIS_POOL_FULL' });
    expect(made.state()).toEqual({ inUse: 2, idle: 0, waiting: 2, connectionsMax: 2 });
    free();
    await Promise.all(calls.slice(0, 6));
    expect(made.state()).toEqual({ inUse: 0, idle: 2, waiting: 0, connectionsMax: 2 });
    expect(waits).toHaveLength(6);
  });

  it('limits the wait for a connection to the call timeout, even if other calls overtake', async () => {
    const made = pool({ connectionsMax: 1, callsMax: 1 });
    await eventually(() => (made.state().idle === 1 ? true : undefined));
    const later = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
    const first = later(300);
    const calls = [made.use(() => first)];
    const waits = made.use(async () => 'in the end');
    calls.push(first.then(() => made.use(() => later(400))));
    await expect(waits).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    await Promise.all(calls);
  });

  it('refuses calls at once while Redis is away, and recovers with it', async () => {
    const made = await ready(pool());
    let failures = 0;
    made.onConnectionFailed(() => failures++);
    await made.use((client) => client.set('a', '1'));
    const under = made.use((client) => client.blpop('nothing', 0));
    await redis.kill();
    await expect(under).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE', retryable: true });
    await eventually(() => (made.isReady ? undefined : true));
    const asked = performance.now();
    for (let call = 0; call < 1_000; call++)
      await expect(made.use((client) => client.get('a'))).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    expect(performance.now() - asked).toBeLessThan(1_000);
    expect(made.state()).toMatchObject({ inUse: 0, idle: 0, waiting: 0 });
    expect(failures).toBeGreaterThanOrEqual(2);
    await redis.restart();
    expect(
      await eventually(() => made.use((client) => client.get('a')).then((value) => value ?? 'empty'), 10_000),
    ).toBe('empty');
  });

  it('times out calls that are not answered, and reconnects', async () => {
    const way = await TcpProxy.to({ host: '127.0.0.1', port: redis.port });
    const made = await ready(pool({ port: way.port, callTimeoutMs: 200 }));
    await made.use((client) => client.set('a', '1'));
    way.silence();
    await expect(made.use((client) => client.get('a'))).rejects.toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    // Silent connections are closed one after the other; then no call waits any more.
    await eventually(async () => {
      await made.use((client) => client.get('a')).catch(() => undefined);
      return !made.isReady;
    }, 10_000);
    way.restore();
    expect(await eventually(() => made.use((client) => client.get('a')), 10_000)).toBe('1');
    for (const one of pools.splice(0)) await one.close();
    await way.close();
  });

  it('logs in as an ACL user, and uses a new password once Redis refuses the old one', async () => {
    let secret = 'wrong-4711';
    const made = pool({ user: 'cache', password: () => secret });
    const failure = await made.use((client) => client.get('a')).catch((error: unknown) => error);
    expect(failure).toMatchObject({ code: 'REDIS_UNAVAILABLE' });
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('4711');
    secret = 'open-sesame';
    expect(await eventually(() => made.use((client) => client.call('ACL', 'WHOAMI')), 10_000)).toBe('cache');
  });

  it('receives published messages, and reports when it may have missed some', async () => {
    const made = await ready(pool());
    const heard: (string | undefined)[] = [];
    const end = made.listen('news', (message) => heard.push(message));
    await eventually(() => heard.length === 1);
    await made.use((client) => client.publish('news', 'one'));
    await eventually(() => heard.length === 2);
    await redis.kill();
    await redis.restart();
    await eventually(() => heard.length === 3, 10_000);
    await eventually(() => made.use((client) => client.publish('news', 'two')).catch(() => undefined));
    await eventually(() => heard.length === 4);
    expect(heard).toEqual([undefined, 'one', undefined, 'two']);
    end();
  });

  it('shows no key and no value in its errors', async () => {
    const made = await ready(pool());
    const failure = await made
      .use((client) => client.call('NONSENSE', 'patient-4711'))
      .catch((error: unknown) => error);
    expect(JSON.stringify(failure, Object.getOwnPropertyNames(failure))).not.toContain('4711');
  });

  it('subscribes only once after Redis was away, as the failure of a second subscription would go unnoticed', async () => {
    const heard: (string | undefined)[] = [];
    const end = pool().listen('news', (message) => heard.push(message));
    await eventually(() => heard.length === 1);
    await redis.kill();
    await redis.restart();
    await eventually(() => heard.length === 2, 10_000);
    expect(await redis.ask(['INFO', 'commandstats'])).toMatch(/cmdstat_subscribe:calls=1,/);
    end();
  });
});
