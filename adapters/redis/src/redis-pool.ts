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
 * A bounded set of connections to one Redis, each of which carries a bounded number of calls. Without Redis every call is
 * refused at once, and the connections are made again in the background: nobody who asks here may ever depend on the answer.
 */
export class RedisPool implements ObservedPool {
  readonly name = 'redis';
  /** What messages call the server. */
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

  /** Whether a call would go out now. */
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

  /** @throws CodedError REDIS_UNAVAILABLE, REDIS_POOL_FULL, REDIS_CLOSED; never later than a call may take */
  async use<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    const started = performance.now();
    const connection = this.#free() ?? (await this.#turn());
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
   * Hears what is published to a channel, over a connection of its own. `heard(undefined)`: from now on nothing is missed;
   * what was published before may have been.
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

  /** Who is overtaken on his turn waits on, and no longer than a call may take in all. */
  async #turn(endMs = performance.now() + this.#options.callTimeoutMs): Promise<Connection> {
    const { waitingMax } = this.#options;
    if (this.#waiting.size >= waitingMax)
      throw redisError('REDIS_POOL_FULL', `${this.shownAs}: ${waitingMax} calls wait for a connection`);
    await new Promise<void>((go, giveUp) => {
      const timeout = (): void =>
        this.#giveUp(waiting, redisError('REDIS_UNAVAILABLE', `${this.shownAs} is too slow: no connection was free`));
      const waiting: Waiting = { go, giveUp, timer: setTimeout(timeout, endMs - performance.now()) };
      this.#waiting.add(waiting);
    });
    return this.#free() ?? this.#turn(endMs);
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
    // Without a listener a connection that breaks writes to the console; whoever uses it is told by its own call.
    redis.on('error', () => undefined);
    redis.on('close', () => this.#lost());
    redis.on('reconnecting', () => this.#authenticateAnew(redis));
    redis.connect().catch(() => undefined);
    return redis;
  }

  /** A secret that was changed while Redis was away is taken over at the next connection. */
  #authenticateAnew(redis: Redis): void {
    try {
      Object.assign(redis.options, credentialsOf(this.#options));
    } catch {
      // The file of the secret is being written, or gone: the one that was known is tried again.
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
    // What Redis answers repeats the command with its keys and values: only its first word goes on.
    const what = error instanceof Error ? (error.message.split(/[\s:]/)[0] ?? error.name) : 'no reason';
    return redisError('REDIS_UNAVAILABLE', `${this.shownAs} failed: ${what}`);
  }

  #closed(): Error {
    return redisError('REDIS_CLOSED', `${this.shownAs} was closed here`);
  }
}

const isReady = ({ redis }: Connection): boolean => redis.status === 'ready';
