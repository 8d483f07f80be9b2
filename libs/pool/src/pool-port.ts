import type { PoolName } from './pool-policy.ts';
import type { ConnectReason, DisconnectReason, Refusal, WaitNotice } from './reasons.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { PooledClient } from './pooled-client.ts';

/**
 * What pools ask of the application. Calls come from within calls of `Pools`; each may call `Pools` back at once or later.
 * C and B are the application's own client and connection.
 */
export interface PoolPort<C, B> {
  /** Connect and log in, then answer `opened` or `openFailed`. */
  open(backend: PooledBackend<C, B>, reason: ConnectReason): void;
  /** Close the connection, then answer `closed`; until then the backend counts against the limits. */
  close(backend: PooledBackend<C, B>, reason: DisconnectReason): void;
  /** Bring the backend to the state of a new one (cancel, ROLLBACK, DISCARD ALL), then answer `resetDone`. */
  reset(backend: PooledBackend<C, B>): void;
  /** See whether it answers, then `checked`. */
  check(backend: PooledBackend<C, B>): void;
  /** The wait is over: the backend is the client's until its check-in. */
  grant(client: PooledClient<C, B>, backend: PooledBackend<C, B>): void;
  /** The client gets no backend; it waits no longer and may ask again. */
  refuse(client: PooledClient<C, B>, refusal: Refusal): void;
  /** The client has waited for long. Once for each wait. */
  notice(client: PooledClient<C, B>, notice: WaitNotice): void;
  /** The backend went away while the client had it; the client has none any more. */
  lost(client: PooledClient<C, B>): void;
  /** DRAIN: the client holds nothing; part with it when nothing of its is under way, then `leave`. May come again. */
  move(client: PooledClient<C, B>): void;
  /** KILL: part with the client at once, then `leave`. */
  drop(client: PooledClient<C, B>): void;
  /** Nobody is in this pool, and it has no backend: what is kept of it may go. It may come to be again. */
  forgotten(name: PoolName): void;
}
