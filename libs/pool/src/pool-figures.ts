import {
  connectReasons,
  disconnectReasons,
  type ConnectReason,
  type DisconnectReason,
  type RefusalReason,
} from './reasons.ts';
import type { ClassQueues } from './class-queues.ts';
import type { PoolName } from './pool-policy.ts';
import type { Clamp, PoolSettings } from './pool-settings.ts';
import type { SlotShares } from './slot-shares.ts';
import type { WorkloadClass } from './workload-class.ts';

/** Counters since the start. */
export interface PoolCounts {
  readonly connects: Readonly<Record<ConnectReason, number>>;
  readonly disconnects: Readonly<Record<DisconnectReason, number>>;
  readonly refusals: Readonly<Record<RefusalReason, number>>;
}

/** Current numbers of clients and of backends by state. */
export interface PoolGauges {
  readonly clients: number;
  readonly waiting: number;
  /** The longest current wait; 0 if no client waits. */
  readonly longestWaitMs: number;
  readonly opening: number;
  readonly idle: number;
  readonly active: number;
  readonly resetting: number;
  readonly checking: number;
  readonly closing: number;
  /** Active backends that stay with their client across transactions. */
  readonly pinned: number;
}

/** Current numbers of one workload class. */
export interface ClassGauges {
  readonly waiting: number;
  readonly longestWaitMs: number;
  readonly active: number;
}

/** One row of SHOW POOLS. */
export interface PoolFigures extends PoolGauges {
  readonly name: PoolName;
  readonly settings: PoolSettings;
  readonly clamps: readonly Clamp[];
  readonly classes: Readonly<Record<WorkloadClass, ClassGauges>>;
  readonly isPaused: boolean;
  readonly isDraining: boolean;
  /** Whether the last login failed. */
  readonly isFailing: boolean;
  readonly counts: PoolCounts;
}

/** The sum of all pools; its counters include removed pools. */
export interface PoolTotals extends PoolGauges {
  readonly pools: number;
  readonly counts: PoolCounts;
}

/** Counters of one pool, or of all. */
export class Counters implements PoolCounts {
  readonly connects = zeros<ConnectReason>(connectReasons);
  readonly disconnects = zeros<DisconnectReason>(disconnectReasons);
  readonly refusals: Record<RefusalReason, number> = { timeout: 0, queue_full: 0, shed: 0, paused: 0, upstream: 0 };

  copy(): PoolCounts {
    const { connects, disconnects, refusals } = this;
    return { connects: { ...connects }, disconnects: { ...disconnects }, refusals: { ...refusals } };
  }
}

function zeros<K extends string>(table: Readonly<Record<K, string>>): Record<K, number> {
  return Object.fromEntries(Object.keys(table).map((name) => [name, 0])) as Record<K, number>;
}

/** Sums gauges; `longestWaitMs` is the maximum. */
export function sumOf(gauges: readonly PoolGauges[]): PoolGauges {
  const sum = (of: (one: PoolGauges) => number): number => gauges.reduce((all, one) => all + of(one), 0);
  return {
    clients: sum((one) => one.clients),
    waiting: sum((one) => one.waiting),
    longestWaitMs: Math.max(0, ...gauges.map((one) => one.longestWaitMs)),
    opening: sum((one) => one.opening),
    idle: sum((one) => one.idle),
    active: sum((one) => one.active),
    resetting: sum((one) => one.resetting),
    checking: sum((one) => one.checking),
    closing: sum((one) => one.closing),
    pinned: sum((one) => one.pinned),
  };
}

export function classGauges<C, B>(lines: ClassQueues<C, B>, shares: SlotShares, nowMs: number): PoolFigures['classes'] {
  const of = (workClass: WorkloadClass): ClassGauges => ({
    waiting: lines.of[workClass].queue.size,
    longestWaitMs: waitOf(lines.sinceMs(workClass), nowMs),
    active: shares.held[workClass],
  });
  return {
    interactive: of('interactive'),
    vector: of('vector'),
    analytical: of('analytical'),
    bulk: of('bulk'),
    admin: of('admin'),
  };
}

/** The length of a wait that began at `sinceMs`; 0 for Infinity (no wait). */
export function waitOf(sinceMs: number, nowMs: number): number {
  return sinceMs === Infinity ? 0 : nowMs - sinceMs;
}
