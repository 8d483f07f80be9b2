import type { LiveOperation } from '@medrex/dependency-graph';
import type { PlannedOperation } from './planned-operation.ts';

/**
 * State of a live operation.
 * - `waiting`: an earlier operation on its keys is not terminal
 * - `ready`: no earlier operation holds it
 * - `backing-off`: ready, but not before `notBeforeMs`
 * - `taken`: in a flight
 */
export type OperationState = 'waiting' | 'ready' | 'backing-off' | 'taken';

/** A live operation with the planner's data about it. */
export class TrackedOperation {
  /** Its number in the queues. */
  readonly slot: LiveOperation;
  /** Its number in the order of admission: its age, without the gaps of seq. */
  readonly ordinal: number;
  /** The operation with all keys known so far. */
  planned: PlannedOperation;
  /** Effective class: the most urgent of its own and those of all operations after it. */
  class: number;
  state: OperationState = 'waiting';
  /** Longest chain after it, if the analyzer reported it. */
  criticality = 0;
  /** Largest fusion that it may be part of. */
  fusionMax = Number.POSITIVE_INFINITY;
  widenings = 0;
  /** Envelopes lost to other writers since it was last widened. */
  losses = 0;
  notBeforeMs = 0;
  /** When it became ready; undefined while it waits. */
  readySinceMs: number | undefined;
  /** Whether it exceeds a soft cap by itself and so goes alone. Updated when its weight changes. */
  isOversize = false;
  /** Its lane of the ready queue. */
  lane = 0;
  /** Distinguishes its newest entry in a heap from stale ones. */
  stamp = 0;

  constructor(slot: LiveOperation, ordinal: number, planned: PlannedOperation, place: number) {
    this.slot = slot;
    this.ordinal = ordinal;
    this.planned = planned;
    this.class = place;
  }

  get seq(): number {
    return this.planned.seq;
  }

  /** It has separate flights and is never fused. */
  get isAlone(): boolean {
    return this.planned.isAlone === true;
  }

  /** A close touches only the operation record: it has no weight and cannot be at fault. */
  get isClosing(): boolean {
    return this.planned.closeReason !== undefined;
  }
}
