import type { RedisOptions } from 'ioredis';
import { isIP } from 'node:net';

export interface RedisPoolOptions {
  readonly host: string;
  readonly port: number;
  /** TLS, with this certificate authority or the system's; no TLS when absent. */
  readonly tls?: { readonly ca?: string | Buffer | undefined } | undefined;
  /** A user of Redis's ACL; the default user when absent. */
  readonly user?: string | undefined;
  /** Called for each new connection. */
  readonly password?: (() => string) | undefined;
  readonly database?: number;
  readonly connectionsMax: number;
  /** Maximum of concurrent calls on one connection. */
  readonly callsMax: number;
  readonly waitingMax: number;
  readonly connectTimeoutMs: number;
  /** Maximum duration of a call, including the wait for a connection. */
  readonly callTimeoutMs: number;
}

/** A connection with calls in progress is considered dead after a silence of this many call timeouts. */
const silenceFactor = 2;
const retryMs = { first: 50, max: 2_000 };

/** Options of a connection. Calls fail at once while it is not connected; none are queued. */
export function connectionOptions(options: RedisPoolOptions, jitter: () => number): RedisOptions {
  const { host, port, tls, database, connectTimeoutMs, callTimeoutMs } = options;
  return {
    host,
    port,
    db: database ?? 0,
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
    // `listen` subscribes itself: a failed automatic resubscription would be an unhandled rejection, which ends the process.
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
