import type { LiveOperation } from '@medrex/dependency-graph';
import type { PlannedOperation } from './planned-operation.ts';

/**
 * Where a live operation is.
 * - `waiting`: an earlier operation on its keys is not terminal
 * - `ready`: nothing does
 * - `backing-off`: ready, but not before `notBeforeMs`
 * - `taken`: in a flight
 */
export type OperationState = 'waiting' | 'ready' | 'backing-off' | 'taken';

/** A live operation and everything that the planner notes about it. */
export class TrackedOperation {
  /** Its number in the queues. */
  readonly slot: LiveOperation;
  /** How manieth it was admitted: age without the gaps of seq. */
  readonly ordinal: number;
  /** With all keys that are known by now. */
  planned: PlannedOperation;
  /** Effective class: the most urgent of its own and of everything behind it. */
  class: number;
  state: OperationState = 'waiting';
  /** Longest chain behind it, if the analyzer said so. */
  criticality = 0;
  /** Largest fusion that it may be part of. */
  fusionMax = Number.POSITIVE_INFINITY;
  widenings = 0;
  /** Envelopes it lost to other writers, since it last was widened. */
  losses = 0;
  notBeforeMs = 0;
  /** When it became ready; undefined while it waits. */
  readySinceMs: number | undefined;
  /** Above a soft cap by itself: goes alone. Judged when its weight is known or changes. */
  isOversize = false;
  /** Its lane of the ready queue. */
  lane = 0;
  /** Tells its newest place in a heap from older ones, which are void. */
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

  /** It takes flights of its own kind and is no part of any fusion. */
  get isAlone(): boolean {
    return this.planned.isAlone === true;
  }

  /** A close touches the operation record only: it weighs nothing and cannot be what fails. */
  get isClosing(): boolean {
    return this.planned.closeReason !== undefined;
  }
}
