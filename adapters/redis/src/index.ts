export { redisErrors } from './errors.ts';
export { RedisCacheLink, type RedisCacheLinkOptions } from './redis-cache-link.ts';
export { RedisLeaseBook } from './redis-lease-book.ts';
export type { RedisPoolOptions } from './redis-options.ts';
export { RedisPool } from './redis-pool.ts';
