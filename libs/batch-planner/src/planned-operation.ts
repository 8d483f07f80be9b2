import type { DeclaredKey } from '@medrex/keys';

/** An operation as the planner knows it: its place in the order, its keys, its weight. Nothing else. */
export interface PlannedOperation {
  readonly seq: number;
  /** Declared keys; in a fusion also those that were discovered since. */
  readonly keys: readonly DeclaredKey[];
  /** 0 is the most urgent; the place in `operationClasses`. */
  readonly class: number;
  readonly bytes: number;
  /** It is a Fabric transaction of its own: in flights of its own kind, never fused. */
  readonly isAlone?: boolean;
  /** Epoch ms; undefined for none. The planner only hands it on: it knows no epoch. */
  readonly deadlineMs?: number;
  /** Set in a fusion when the operation is to be closed there instead of applied; see `BatchPlanner.closing`. */
  readonly closeReason?: string;
}

/** The set of operations that goes into one Fabric transaction, in seq order, all of one effective class. */
export interface Fusion {
  readonly id: number;
  /** Effective class: inherited priority counted. */
  readonly class: number;
  readonly operations: readonly PlannedOperation[];
}

/**
 * What an endorsement showed that an operation touches. Mode `ensure` says that it created a key which it ensures; the
 * planner may have counted on the key being there, and somebody else has deleted it.
 */
export interface TouchedKeys {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
}

/**
 * Whether a fusion may be sent with the keys it was found to touch.
 * - `held`: every operation still stands predecessor-closed in the fusion with them, and no other flight holds them
 * - `returned`: not so; its operations are back at their places, wider. `widened` are the seqs that got keys, `unstable`
 *   those of them that were widened as often as is allowed
 */
export type Hold =
  | { readonly kind: 'held' }
  | { readonly kind: 'returned'; readonly widened: readonly number[]; readonly unstable: readonly number[] };

/** How an operation of a fusion ended. */
export interface OperationEnd {
  readonly seq: number;
  readonly isApplied: boolean;
}

/**
 * Why a fusion is given back.
 * - `invalid`: its envelope lost, or would have, to somebody else's write
 * - `unknown`: its envelope was not seen in a block in time
 * - `infrastructure`: nobody in it is to blame
 * - `poison-suspect`: one of them may be: from now on at most half as many go together
 */
export type GiveBackReason = 'invalid' | 'unknown' | 'infrastructure' | 'poison-suspect';

/** What the analyzer says of an operation: the longest chains of live operations before it and behind it. */
export interface Advice {
  readonly depth: number;
  readonly criticality: number;
}
