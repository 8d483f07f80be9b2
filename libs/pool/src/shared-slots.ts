import type { SharedLimit } from './limits.ts';
import type { Pool } from './pool.ts';
import type { PooledClient } from './pooled-client.ts';

// How pools compete for places under their shared limits.

/** Whether all limits of the pool allow one more backend. If not, marks the pool as blocked and evicts an idle backend of another pool. */
export function requestSlot<C, B>(pool: Pool<C, B>, nowMs: number): boolean {
  const full = pool.limits.find((limit) => limit.isFull);
  if (full === undefined) return true;
  full.blocked.add(pool);
  if (full.closing === 0) longestIdle(full.pools, pool)?.evictOldestIdle(nowMs);
  return false;
}

/**
 * The upstream is full, but does not say by which of its limits: evicts the backend that was idle for longest under each limit that it
 * may mean.
 */
export function makeRoom<C, B>(pool: Pool<C, B>, nowMs: number): void {
  for (const { kind, pools } of pool.limits) {
    const sameUpstream = [...pools].filter(({ name }) => name.upstream === pool.name.upstream);
    if (kind !== 'user') longestIdle(sameUpstream, pool)?.evictOldestIdle(nowMs);
  }
}

/**
 * Whether a backend that no client has must be closed to give its place to a pool blocked by the limit: yes if no client here would get
 * it, or if a client there has waited for longer than that client, and for `agedAfterMs`.
 *
 * @param next the client that would get the backend
 */
export function mustEvict<C, B>(
  pool: Pool<C, B>,
  limit: SharedLimit<C, B>,
  next: PooledClient<C, B> | undefined,
  nowMs: number,
): boolean {
  if (limit.blocked.size === 0 || !limit.isFull || limit.closing > 0) return false;
  const { agedAfterMs } = pool.settings;
  for (const other of limit.blocked) {
    if (other === pool) continue;
    const since = other.oldestWaitSinceMs;
    if (next === undefined || (nowMs - since >= agedAfterMs && since < next.waitingSinceMs)) return true;
  }
  return false;
}

/** A place of this pool has become free: lets the pools that may use it open backends, the one with the longest wait first. */
export function growBlocked<C, B>(pool: Pool<C, B>, nowMs: number): void {
  const pools = new Set<Pool<C, B>>(pool.limits.flatMap((limit) => [...limit.blocked]));
  if (pool.hasWaiting) pools.add(pool);
  const byWait = [...pools].sort((one, other) => one.oldestWaitSinceMs - other.oldestWaitSinceMs);
  for (const each of byWait) each.grow(nowMs);
}

/** The pool, other than `but`, with the backend that was idle for longest. */
function longestIdle<C, B>(pools: Iterable<Pool<C, B>>, but: Pool<C, B>): Pool<C, B> | undefined {
  let longest: Pool<C, B> | undefined;
  for (const pool of pools)
    if (pool !== but && pool.oldestIdleSinceMs < (longest?.oldestIdleSinceMs ?? Infinity)) longest = pool;
  return longest;
}
