import type { Pool } from './pool.ts';
import type { PooledClient } from './pooled-client.ts';
import type { DisconnectReason } from './reasons.ts';

export type BackendState = 'opening' | 'idle' | 'active' | 'resetting' | 'checking' | 'closing' | 'closed';

/** A connection to the upstream, from the decision to open it until it is closed. The application may write `handle` only. */
export class PooledBackend<C, B> {
  readonly id: number;
  readonly pool: Pool<C, B>;
  /** The application's connection. */
  handle: B | undefined;
  state: BackendState = 'opening';
  /** When it entered this state. */
  sinceMs: number;
  client: PooledClient<C, B> | undefined;
  openedAtMs: number;
  /** When its lifetime ends. */
  lifetimeEndsAtMs = Infinity;
  /** When it last answered; kept up to date for idle backends only. */
  lastAnswerAtMs: number;
  /** When it was last used. */
  idleSinceMs: number;
  /** If set, it is closed with this reason at its check-in. */
  closeAtCheckin: DisconnectReason | undefined;

  constructor(id: number, pool: Pool<C, B>, nowMs: number) {
    this.id = id;
    this.pool = pool;
    this.sinceMs = nowMs;
    this.openedAtMs = nowMs;
    this.lastAnswerAtMs = nowMs;
    this.idleSinceMs = nowMs;
  }
}
