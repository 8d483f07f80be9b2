import type { Operation } from '@medrex/execute-batch';
import type { StateKey } from '@medrex/keys';

/** What another client of the channel writes, blindly; without a value it deletes. */
export interface ForeignStep {
  readonly atMs: number;
  readonly key: StateKey;
  readonly value: Uint8Array | undefined;
}

/** An operation of a history: when it comes in, and how urgent it is. Its place in the order is its place in the list. */
export interface HistoryStep {
  readonly operation: Operation;
  readonly class: number;
  /** Since the one before it. */
  readonly afterMs: number;
}

/** Everything that happens to a planner and its channel, except what the ledger makes of it. */
export interface LedgerHistory {
  readonly steps: readonly HistoryStep[];
  readonly foreign: readonly ForeignStep[];
  readonly flights: number;
  readonly operationsMax: number;
  /** Of how long every hop and every hesitation of a flight takes, and of the jitter. */
  readonly seed: number;
}

/** A transaction of the committed order: operations by their indexes in the history, or a foreign write. */
export type CommittedStep = { readonly places: readonly number[] } | { readonly foreign: ForeignStep };
