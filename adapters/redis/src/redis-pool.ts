import { isCodedError } from '@medrex/coded-error';
import type { ObservedPool, PoolState } from '@medrex/contracts';
import { Redis } from 'ioredis';
import { redisError } from './errors.ts';
import { makeStringsQuick } from './quick-strings.ts';
import { connectionOptions, credentialsOf, type RedisPoolOptions } from './redis-options.ts';

makeStringsQuick();

interface Connection {
  readonly redis: Redis;
  calls: number;
}

interface Waiting {
  readonly go: () => void;
  readonly giveUp: (error: unknown) => void;
  readonly timer: NodeJS.Timeout;
}

/**
 * A bounded set of connections to one Redis, each with a bounded number of concurrent calls. While Redis is away calls fail at once, and
 * the connections reconnect in the background; callers must be able to do without an answer.
 */
export class RedisPool implements ObservedPool {
  readonly name = 'redis';
  /** Name of the server in messages. */
  readonly shownAs: string;
  readonly #options: RedisPoolOptions;
  readonly #jitter: () => number;
  readonly #connections: readonly Connection[];
  readonly #waiting = new Set<Waiting>();
  readonly #listening = new Set<Redis>();
  #waited: (waitedMs: number) => void = () => undefined;
  #failed: () => void = () => undefined;
  #isClosed = false;

  constructor(options: RedisPoolOptions, jitter: () => number = Math.random) {
    this.#options = options;
    this.#jitter = jitter;
    this.shownAs = `redis at ${options.host}:${options.port}`;
    this.#connections = Array.from({ length: options.connectionsMax }, () => ({ redis: this.#connection(), calls: 0 }));
  }

  /** Whether a connection is ready. */
  get isReady(): boolean {
    return this.#connections.some(isReady);
  }

  state(): PoolState {
    const ready = this.#connections.filter(isReady);
    const inUse = ready.filter(({ calls }) => calls > 0).length;
    const { connectionsMax } = this.#options;
    return { inUse, idle: ready.length - inUse, waiting: this.#waiting.size, connectionsMax };
  }

  onWaited(listener: (waitedMs: number) => void): void {
    this.#waited = listener;
  }

  onConnectionFailed(listener: () => void): void {
    this.#failed = listener;
  }

  /** Runs `work` on a connection, within the call timeout. @throws CodedError REDIS_UNAVAILABLE, REDIS_POOL_FULL, REDIS_CLOSED */
  async use<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const started = performance.now();
    const connection = this.#free() ?? (await this.#waitForConnection());
    this.#waited(performance.now() - started);
    connection.calls++;
    try {
      return await work(connection.redis);
    } catch (error) {
      throw this.#failure(error);
    } finally {
      connection.calls--;
      this.#next();
    }
  }

  /**
   * Subscribes to a channel by a connection of its own. `heard(undefined)` is called after each (re)subscription: messages published
   * before it may have been missed. Returns unsubscribe.
   */
  listen(channel: string, heard: (message: string | undefined) => void): () => void {
    if (this.#isClosed) throw this.#closed();
    const redis = this.#connection();
    this.#listening.add(redis);
    redis.on('message', (_channel, message) => heard(message));
    redis.on('ready', () => {
      redis.subscribe(channel).then(
        () => heard(undefined),
        () => redis.disconnect(true),
      );
    });
    return () => {
      this.#listening.delete(redis);
      redis.disconnect();
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of this.#waiting) this.#giveUp(waiting, this.#closed());
    for (const redis of [...this.#listening, ...this.#connections.map((connection) => connection.redis)])
      redis.disconnect();
  }

  #free(): Connection | undefined {
    if (this.#isClosed) throw this.#closed();
    const ready = this.#connections.filter(isReady);
    if (ready.length === 0) throw redisError('REDIS_UNAVAILABLE', `${this.shownAs} is not connected`);
    const [first] = ready.sort((one, other) => one.calls - other.calls);
    return first !== undefined && first.calls < this.#options.callsMax ? first : undefined;
  }

  /** Waits for a connection until `endMs`; a call that is overtaken when its turn comes waits again. */
  async #waitForConnection(endMs = performance.now() + this.#options.callTimeoutMs): Promise<Connection> {
    const { waitingMax } = this.#options;
    if (this.#waiting.size >= waitingMax)
      throw redisError('REDIS_POOL_FULL', `${this.shownAs}: ${waitingMax} calls wait for a connection`);
    await new Promise<void>((go, giveUp) => {
      const timeout = (): void =>
        this.#giveUp(waiting, redisError('REDIS_UNAVAILABLE', `${this.shownAs} is too slow: no connection was free`));
      const waiting: Waiting = { go, giveUp, timer: setTimeout(timeout, endMs - performance.now()) };
      this.#waiting.add(waiting);
    });
    return this.#free() ?? this.#waitForConnection(endMs);
  }

  #next(): void {
    for (const waiting of this.#waiting) {
      this.#waiting.delete(waiting);
      clearTimeout(waiting.timer);
      waiting.go();
      return;
    }
  }

  #giveUp(waiting: Waiting, error: unknown): void {
    this.#waiting.delete(waiting);
    clearTimeout(waiting.timer);
    waiting.giveUp(error);
  }

  #connection(): Redis {
    const redis = new Redis(connectionOptions(this.#options, this.#jitter));
    // Without a listener ioredis writes errors to the console; each call gets its own error anyway.
    redis.on('error', () => undefined);
    redis.on('close', () => this.#lost());
    redis.on('reconnecting', () => this.#refreshCredentials(redis));
    redis.connect().catch(() => undefined);
    return redis;
  }

  /** Reads the password again for a reconnection, as it may have changed. */
  #refreshCredentials(redis: Redis): void {
    try {
      Object.assign(redis.options, credentialsOf(this.#options));
    } catch {
      // The secret's file is being written or is gone: keep the known password.
    }
  }

  #lost(): void {
    if (this.#isClosed) return;
    this.#failed();
    if (this.isReady) return;
    for (const waiting of this.#waiting)
      this.#giveUp(waiting, redisError('REDIS_UNAVAILABLE', `${this.shownAs} is not connected`));
  }

  #failure(error: unknown): unknown {
    if (isCodedError(error)) return error;
    // Errors of Redis quote the command with keys and values, so only their first word (the code) is passed on.
    const what = error instanceof Error ? (error.message.split(/[\s:]/)[0] ?? error.name) : 'no reason';
    return redisError('REDIS_UNAVAILABLE', `${this.shownAs} failed: ${what}`);
  }

  #closed(): Error {
    return redisError('REDIS_CLOSED', `${this.shownAs} was closed here`);
  }
}

const isReady = ({ redis }: Connection): boolean => redis.status === 'ready';
