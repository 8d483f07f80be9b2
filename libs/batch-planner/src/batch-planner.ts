import type { DeclaredKey } from '@medrex/keys';

/** An operation as the planner knows it: its place in the order, its keys, its weight. Nothing else. */
export interface PlannedOperation {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
  /** 0 is the most urgent; the place in `operationClasses`. */
  readonly class: number;
  readonly bytes: number;
  /** Epoch ms; undefined for none. */
  readonly deadlineMs?: number;
}

/** The set of operations that goes into one Fabric transaction, in seq order, all of one effective class. */
export interface Fusion {
  readonly id: number;
  /** Effective class: inherited priority counted. */
  readonly class: number;
  readonly operations: readonly PlannedOperation[];
}
