import type { RedisOptions } from 'ioredis';
import { isIP } from 'node:net';

export interface RedisPoolOptions {
  readonly host: string;
  readonly port: number;
  /** The server is verified by this authority, or by the system's; no TLS when absent. */
  readonly tls?: { readonly ca?: string | Buffer | undefined } | undefined;
  /** A user of Redis's access control list; its default user when absent. */
  readonly user?: string | undefined;
  /** Asked at each new connection. */
  readonly password?: (() => string) | undefined;
  readonly database?: number;
  readonly connectionsMax: number;
  /** Calls that one connection carries at once. */
  readonly callsMax: number;
  readonly waitingMax: number;
  readonly connectTimeoutMs: number;
  /** Longest time of one call, its waiting included. */
  readonly callTimeoutMs: number;
}

/** Silence above this, with calls under way, means that the connection is dead though nobody said so. */
const silenceFactor = 2;
const retryMs = { first: 50, max: 2_000 };

/** How one connection is made. What cannot go out is refused at once: nothing queues for a server that is not there. */
export function connectionOptions(options: RedisPoolOptions, jitter: () => number): RedisOptions {
  const { host, port, tls, database, connectTimeoutMs, callTimeoutMs } = options;
  return {
    ...{ host, port, db: database ?? 0 },
    ...credentialsOf(options),
    ...(tls !== undefined && {
      tls: { ...(isIP(host) === 0 && { servername: host }), ...(tls.ca !== undefined && { ca: tls.ca }) },
    }),
    connectionName: 'medrex',
    connectTimeout: connectTimeoutMs,
    commandTimeout: callTimeoutMs,
    socketTimeout: silenceFactor * callTimeoutMs,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    // Whoever listens subscribes himself; nobody hears of it when one of its own fails, and that ends the process.
    autoResubscribe: false,
    maxRetriesPerRequest: 0,
    retryStrategy: (times) => Math.min(retryMs.max, retryMs.first * 2 ** Math.min(times, 10)) * (0.5 + jitter() / 2),
    lazyConnect: true,
  };
}

/** @throws what `password` throws */
export function credentialsOf({ user, password }: RedisPoolOptions): Pick<RedisOptions, 'username' | 'password'> {
  return {
    ...(user !== undefined && { username: user }),
    ...(password !== undefined && { password: password() }),
  };
}
