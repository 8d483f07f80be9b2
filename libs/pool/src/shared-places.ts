import type { SharedLimit } from './limits.ts';
import type { Pool } from './pool.ts';
import type { PooledClient } from './pooled-client.ts';

// How pools share the places under the limits that they stand under together.

/** Whether every limit leaves the pool a place for one more backend; asks for one where not. */
export function hasPlace<C, B>(pool: Pool<C, B>, nowMs: number): boolean {
  const full = pool.limits.find((limit) => limit.isFull);
  if (full === undefined) return true;
  full.hungry.add(pool);
  if (full.closing === 0) longestIdle(full.pools, pool)?.giveWay(nowMs);
  return false;
}

/**
 * The upstream has no place for one more, and does not say who takes it: of each of those whom it may count together with
 * this pool, the one that was idle for longest gives way.
 */
export function makeRoom<C, B>(pool: Pool<C, B>, nowMs: number): void {
  for (const { kind, pools } of pool.limits) {
    const there = [...pools].filter(({ name }) => name.upstream === pool.name.upstream);
    if (kind !== 'user') longestIdle(there, pool)?.giveWay(nowMs);
  }
}

/**
 * Whether another pool gets the place of a backend that nobody has: at once when nobody here needs it, and else out of fairness.
 *
 * @param next who would get the backend
 */
export function mustGiveWay<C, B>(
  pool: Pool<C, B>,
  limit: SharedLimit<C, B>,
  next: PooledClient<C, B> | undefined,
  nowMs: number,
): boolean {
  if (limit.hungry.size === 0 || !limit.isFull || limit.closing > 0) return false;
  const { agedAfterMs } = pool.settings;
  for (const other of limit.hungry) {
    if (other === pool) continue;
    const since = other.firstWaitsSinceMs;
    if (next === undefined || (nowMs - since >= agedAfterMs && since < next.waitingSinceMs)) return true;
  }
  return false;
}

/** A place of this pool is free: of all who may use it, who has waited for longest opens first. */
export function feed<C, B>(pool: Pool<C, B>, nowMs: number): void {
  const pools = new Set<Pool<C, B>>(pool.limits.flatMap((limit) => [...limit.hungry]));
  if (pool.isWaitedFor) pools.add(pool);
  const byWait = [...pools].sort((one, other) => one.firstWaitsSinceMs - other.firstWaitsSinceMs);
  for (const each of byWait) each.grow(nowMs);
}

/** The other pool whose idle backend nobody has used for longest. */
function longestIdle<C, B>(pools: Iterable<Pool<C, B>>, but: Pool<C, B>): Pool<C, B> | undefined {
  let longest: Pool<C, B> | undefined;
  for (const pool of pools)
    if (pool !== but && pool.oldestIdleSinceMs < (longest?.oldestIdleSinceMs ?? Infinity)) longest = pool;
  return longest;
}
