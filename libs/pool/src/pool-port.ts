import type { PoolName } from './pool-policy.ts';
import type { ConnectReason, DisconnectReason, Refusal, WaitNotice } from './reasons.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';

/**
 * What pools ask of the application. These methods are called from within calls of `Pools`, and may call `Pools` back at once or later.
 * C and B are the application's types of a client and of a connection.
 */
export interface PoolPort<C, B> {
  /** Connect and log in, then call `opened` or `openFailed`. */
  open(backend: PooledBackend<C, B>, reason: ConnectReason): void;
  /** Close the connection, then call `closed`; until then the backend counts against the limits. */
  close(backend: PooledBackend<C, B>, reason: DisconnectReason): void;
  /** Restore the state of a new backend (cancel, ROLLBACK, DISCARD ALL), then call `resetDone`. */
  reset(backend: PooledBackend<C, B>): void;
  /** Health-check the backend, then call `checked`. */
  check(backend: PooledBackend<C, B>): void;
  /** The wait is over: the client has the backend until its check-in. */
  grant(client: PooledClient<C, B>, backend: PooledBackend<C, B>): void;
  /** The wait is over without a backend; the client may check out again. */
  refuse(client: PooledClient<C, B>, refusal: Refusal): void;
  /** The client has waited for long. Called once per wait. */
  notice(client: PooledClient<C, B>, notice: WaitNotice): void;
  /** The connection of the client's backend was lost; the client has no backend any more. */
  lost(client: PooledClient<C, B>): void;
  /** DRAIN: the client has no backend; disconnect it once none of its requests is in progress, then call `leave`. May be called repeatedly. */
  move(client: PooledClient<C, B>): void;
  /** KILL: disconnect the client at once, then call `leave`. */
  drop(client: PooledClient<C, B>): void;
  /** The pool has no client and no backend and was removed: drop what is kept for it. The same pool may be created again later. */
  forgotten(name: PoolName): void;
}
