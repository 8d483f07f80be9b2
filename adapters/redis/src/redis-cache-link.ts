import { createHash } from 'node:crypto';
import type { SharedAnswers, SharedChange, SharedLink, SharedQuestion } from '@medrex/cache';
import type { RedisPool } from './redis-pool.ts';

export interface RedisCacheLinkOptions {
  readonly pool: RedisPool;
  /** Prefix of all keys, and name of the channel; instances with the same prefix share answers. */
  readonly prefix: string;
  /** Returns a unique name for epochs that start at zero, so that they do not match those that were lost. */
  readonly generation: () => string;
}

/** Increments epochs and publishes the message, if there is one, atomically: subscribers that receive it see the new epochs. */
const publishScript = `
if #ARGV > 3 then
  redis.call('HSETNX', KEYS[1], 'g', ARGV[3])
  for place = 4, #ARGV do redis.call('HINCRBY', KEYS[1], ARGV[place], 1) end
end
return ARGV[2] ~= '' and redis.call('PUBLISH', ARGV[1], ARGV[2])`;

/** If no instance was registered, changes may have gone unnoticed: a new generation invalidates older answers. */
const announceScript = `
if redis.call('EXISTS', KEYS[1]) == 0 then redis.call('SET', KEYS[2], ARGV[4]) end
redis.call('HSET', KEYS[1], ARGV[2], 1)
redis.call('PUBLISH', ARGV[1], ARGV[3])
return redis.call('HKEYS', KEYS[1])`;

const leaveScript = `
redis.call('HDEL', KEYS[1], ARGV[2])
return redis.call('PUBLISH', ARGV[1], ARGV[3])`;

const unregisterScript = `
redis.call('HDEL', KEYS[1], ARGV[1])
return redis.call('SET', KEYS[2], ARGV[2])`;

/**
 * The epochs as one text, with the generations of the database and of all databases and the run id of Redis. So the token differs after
 * epochs were lost and restarted, after an instance ended without goodbye, and after Redis restarted from a snapshot or a replica was
 * promoted, which may lack increments.
 */
const tokenLua = `
redis.call('HSETNX', KEYS[1], 'g', ARGV[1])
redis.call('SET', KEYS[3], ARGV[1], 'NX')
local ids = {'g'}
for place = 5, #ARGV do ids[#ids + 1] = ARGV[place] end
local numbers = redis.call('HMGET', KEYS[1], unpack(ids))
for place = 1, #numbers do numbers[place] = (ids[place] or '') .. '=' .. (numbers[place] or '0') end
local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
local token = run .. ' ' .. redis.call('GET', KEYS[3]) .. ' ' .. table.concat(numbers, ' ')`;

const findScript = `${tokenLua}
local kept = redis.call('HMGET', KEYS[2], 't', 'a')
if kept[1] == token then return {token, kept[2]} end
return {token}`;

const storeScript = `${tokenLua}
if token ~= ARGV[2] then return 0 end
redis.call('HSET', KEYS[2], 't', token, 'a', ARGV[4])
return redis.call('PEXPIRE', KEYS[2], ARGV[3])`;

/**
 * Shares epochs and answers between instances by one Redis. Keys are hashes, so they do not reveal the questions; the answers are stored
 * unencrypted.
 */
export class RedisCacheLink implements SharedLink, SharedAnswers {
  readonly #options: RedisCacheLinkOptions;

  constructor(options: RedisCacheLinkOptions) {
    this.#options = options;
  }

  async publish(message: string, changed?: SharedChange): Promise<void> {
    const { pool, prefix, generation } = this.#options;
    const key = this.#epochsKey(changed?.database ?? '');
    const ids = (changed?.ids ?? []).map(String);
    await pool.use((redis) => redis.eval(publishScript, 1, key, prefix, message, generation(), ...ids));
  }

  invalidate(changed: SharedChange): Promise<void> {
    return this.publish('', changed);
  }

  announce(instance: string, message: string): Promise<readonly string[]> {
    const { pool, prefix, generation } = this.#options;
    const keys = [this.#instancesKey, this.#generationKey];
    return pool.use((redis) =>
      redis.eval(announceScript, 2, ...keys, prefix, instance, message, generation()),
    ) as Promise<readonly string[]>;
  }

  async leave(instance: string, message: string): Promise<void> {
    const { pool, prefix } = this.#options;
    await pool.use((redis) => redis.eval(leaveScript, 1, this.#instancesKey, prefix, instance, message));
  }

  async unregister(instance: string): Promise<void> {
    const { pool, generation } = this.#options;
    const keys = [this.#instancesKey, this.#generationKey];
    await pool.use((redis) => redis.eval(unregisterScript, 2, ...keys, instance, generation()));
  }

  subscribe(onMessage: (message: string | undefined) => void): () => void {
    return this.#options.pool.listen(this.#options.prefix, onMessage);
  }

  async find(question: SharedQuestion): Promise<{ readonly answer: Uint8Array | undefined; readonly token: string }> {
    const { pool, generation } = this.#options;
    const keys = [this.#epochsKey(question.database), this.#answerKey(question), this.#generationKey];
    const ids = question.ids.map(String);
    const found = (await pool.use((redis) =>
      redis.callBuffer('EVAL', findScript, 3, ...keys, generation(), '', '', '', ...ids),
    )) as [Buffer, Buffer?];
    return { token: found[0].toString(), answer: found[1] };
  }

  async store(question: SharedQuestion, token: string, answer: Uint8Array, ttlMs: number): Promise<void> {
    const { pool, generation } = this.#options;
    const keys = [this.#epochsKey(question.database), this.#answerKey(question), this.#generationKey];
    const ids = question.ids.map(String);
    const bytes = Buffer.from(answer);
    await pool.use((redis) =>
      redis.call('EVAL', storeScript, 3, ...keys, generation(), token, String(ttlMs), bytes, ...ids),
    );
  }

  get #instancesKey(): string {
    return `${this.#options.prefix}:instances`;
  }

  get #generationKey(): string {
    return `${this.#options.prefix}:generation`;
  }

  #epochsKey(database: string): string {
    return `${this.#options.prefix}:epochs:${database}`;
  }

  #answerKey({ database, key }: SharedQuestion): string {
    return `${this.#options.prefix}:answer:${createHash('sha256').update(database).update('\0').update(key).digest('base64')}`;
  }
}
