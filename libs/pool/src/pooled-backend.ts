import type { Pool } from './pool.ts';
import type { PooledClient } from './pooled-client.ts';
import type { DisconnectReason } from './reasons.ts';

export type BackendState = 'opening' | 'idle' | 'active' | 'resetting' | 'checking' | 'closing' | 'closed';

/** A connection to the upstream, from the wish to have it until it is gone. Only `handle` is the application's to write. */
export class PooledBackend<C, B> {
  readonly id: number;
  readonly pool: Pool<C, B>;
  /** The application's connection. */
  handle: B | undefined;
  state: BackendState = 'opening';
  /** Since when it is in this state. */
  sinceMs: number;
  client: PooledClient<C, B> | undefined;
  openedAtMs: number;
  /** When its lifetime ends. */
  endsAtMs = Infinity;
  /** When it was last heard of; for idle ones. */
  heardAtMs: number;
  /** Since when nobody used it. */
  idleSinceMs: number;
  /** It is closed with this reason as soon as its client has given it back. */
  closeAtCheckin: DisconnectReason | undefined;

  constructor(id: number, pool: Pool<C, B>, nowMs: number) {
    this.id = id;
    this.pool = pool;
    this.sinceMs = nowMs;
    this.openedAtMs = nowMs;
    this.heardAtMs = nowMs;
    this.idleSinceMs = nowMs;
  }
}
