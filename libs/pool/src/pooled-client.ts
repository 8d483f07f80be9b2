import type { ApplicationLimit } from './limits.ts';
import type { Pool } from './pool.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { WorkloadClass } from './workload-class.ts';

/** A client of a pool, from its login until it leaves. The application may write `handle` only. */
export class PooledClient<C, B> {
  readonly pool: Pool<C, B>;
  /** The application's client. */
  handle: C;
  /** The backend that it has checked out. */
  backend: PooledBackend<C, B> | undefined;
  application: ApplicationLimit;
  /** The class of its last checkout. */
  workClass: WorkloadClass = 'interactive';
  isWaiting = false;
  isPinned = false;
  /** It has a backend on which no statement runs. */
  isIdleInTransaction = false;
  hasLeft = false;
  /** When its wait began, and from when its timeout counts: a pause restarts the timeout. */
  waitingSinceMs = 0;
  timeoutFromMs = 0;
  /** Sequence number of its wait in the pool, over all classes. */
  ticket = 0;
  isNotified = false;
  /** Overrides `waitTimeoutMs` of the pool's settings. */
  waitTimeoutMs: number | undefined;
  /** Links of the queue of its class (a doubly linked list). */
  previous: PooledClient<C, B> | undefined;
  next: PooledClient<C, B> | undefined;

  constructor(pool: Pool<C, B>, handle: C, application: ApplicationLimit) {
    this.pool = pool;
    this.handle = handle;
    this.application = application;
  }
}
