import { randomInt, randomUUID } from 'node:crypto';
import type { LeaseBook } from '@medrex/cache';
import { RedisCacheLink, RedisLeaseBook, RedisPool } from '@medrex/redis';
import type { LoadedConfig } from '../config/load-config.ts';

/** What instances share, and through what. */
export interface SharedByRedis {
  readonly pool: RedisPool;
  readonly link: RedisCacheLink;
  /** Answers are shared, too. */
  readonly keepsAnswers: boolean;
  /** This instance's number, from 1 to 2^31 - 1, which is also visible at the server. */
  readonly instance: number;
  /** Records who holds how much of a budget. */
  readonly leaseBookOf: (key: string) => LeaseBook;
}

/** Undefined: the configuration names no Redis. */
export function sharedByRedis({ config, redis }: LoadedConfig): SharedByRedis | undefined {
  const settings = config.cache.redis;
  if (settings === undefined) return undefined;
  const { host, port, tls, user, prefix, answers } = settings;
  const { connectionsMax, callsMax, waitingMax, connectTimeoutMs, callTimeoutMs } = settings;
  const { password, ca } = redis;
  const pool = new RedisPool({
    host,
    port,
    user,
    connectionsMax,
    callsMax,
    waitingMax,
    connectTimeoutMs,
    callTimeoutMs,
    ...(tls && { tls: { ca } }),
    ...(password !== undefined && { password: () => password.reveal() }),
  });
  const link = new RedisCacheLink({ pool, prefix, generation: randomUUID });
  const leaseBookOf = (key: string): LeaseBook => new RedisLeaseBook(pool, `${prefix}:licence:${key}`);
  return { pool, link, keepsAnswers: answers, instance: randomInt(1, 2 ** 31 - 1), leaseBookOf };
}
