export { OwnRedis } from './own-redis.ts';
