export { redisErrors } from './errors.ts';
export type { RedisPoolOptions } from './redis-options.ts';
export { RedisPool } from './redis-pool.ts';
