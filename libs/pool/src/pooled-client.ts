import type { ApplicationLimit } from './limits.ts';
import type { Pool } from './pool.ts';
import type { PooledBackend } from './pooled-backend.ts';
import type { WorkloadClass } from './workload-class.ts';

/** A client of one pool, from its login until it leaves. Only `handle` is the application's to write. */
export class PooledClient<C, B> {
  readonly pool: Pool<C, B>;
  /** The application's client. */
  handle: C;
  /** What it holds; it is its own until the check-in. */
  backend: PooledBackend<C, B> | undefined;
  application: ApplicationLimit;
  /** Of its last checkout. */
  workClass: WorkloadClass = 'interactive';
  isWaiting = false;
  isPinned = false;
  /** It has a backend, and nothing runs there. */
  isResting = false;
  hasLeft = false;
  /** Since when it waits, and since when that counts against the deadline: a pause does not. */
  waitingSinceMs = 0;
  countedFromMs = 0;
  /** Its place in the order in which clients came to wait, over all classes. */
  ticket = 0;
  isNotified = false;
  /** Its own, in place of the pool's. */
  waitTimeoutMs: number | undefined;
  /** Neighbours in the line of those who wait. */
  before: PooledClient<C, B> | undefined;
  behind: PooledClient<C, B> | undefined;

  constructor(pool: Pool<C, B>, handle: C, application: ApplicationLimit) {
    this.pool = pool;
    this.handle = handle;
    this.application = application;
  }
}
