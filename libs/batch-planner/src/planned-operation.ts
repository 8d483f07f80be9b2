import type { DeclaredKey } from '@medrex/keys';

/** An operation of the planner: its seq, its keys and its weight. */
export interface PlannedOperation {
  readonly seq: number;
  /** Declared keys; in a fusion also discovered ones. */
  readonly keys: readonly DeclaredKey[];
  /** Index in `operationClasses`; 0 is the most urgent. */
  readonly class: number;
  readonly bytes: number;
  /** Set if it is a Fabric transaction of its own: it has separate flights and is never fused. */
  readonly isAlone?: boolean;
  /** Epoch ms; undefined for none. The planner only passes it on. */
  readonly deadlineMs?: number;
  /** Set in a fusion if the operation is to be closed instead of applied; see `BatchPlanner.closing`. */
  readonly closeReason?: string;
}

/** The operations of one Fabric transaction, in seq order, all of one effective class. */
export interface Fusion {
  readonly id: number;
  /** Effective class, including inherited priority. */
  readonly class: number;
  readonly operations: readonly PlannedOperation[];
}

/**
 * Keys that an endorsement showed an operation to touch. Mode `ensure` means that it created the key; the planner may
 * have relied on an existing key that another client deleted.
 */
export interface TouchedKeys {
  readonly seq: number;
  readonly keys: readonly DeclaredKey[];
}

/**
 * Whether a fusion may be sent with the keys that it touched.
 * - `held`: the fusion is still predecessor-closed with them, and no other flight holds them
 * - `returned`: it is not; its operations are back at their places with the additional keys. `widened` are the seqs
 * that got keys, `unstable` those of them that were widened the maximum number of times
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
 * - `invalid`: its envelope lost, or would lose, to a write of another client
 * - `unknown`: its envelope was not seen in a block in time
 * - `infrastructure`: none of its operations is at fault
 * - `poison-suspect`: one of them may be at fault; from now on at most half as many go together
 */
export type GiveBackReason = 'invalid' | 'unknown' | 'infrastructure' | 'poison-suspect';

/** The analyzer's advice for an operation: the longest chains of live operations before and after it. */
export interface Advice {
  readonly depth: number;
  readonly criticality: number;
}
