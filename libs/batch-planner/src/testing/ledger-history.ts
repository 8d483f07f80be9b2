import type { Operation } from '@medrex/execute-batch';
import type { StateKey } from '@medrex/keys';

/** A blind write of another client of the channel; a delete without a value. */
export interface ForeignStep {
  readonly atMs: number;
  readonly key: StateKey;
  readonly value: Uint8Array | undefined;
}

/** An operation of a history: when it arrives and its class. Its position in the order is its index. */
export interface HistoryStep {
  readonly operation: Operation;
  readonly class: number;
  /** Time since the previous one. */
  readonly afterMs: number;
}

/** All inputs of a planner and its channel. */
export interface LedgerHistory {
  readonly steps: readonly HistoryStep[];
  readonly foreign: readonly ForeignStep[];
  readonly flights: number;
  readonly operationsMax: number;
  /** Seed of the duration of each hop and pause of a flight, and of the jitter. */
  readonly seed: number;
}

/** A transaction of the committed order: operations by index in the history, or a foreign write. */
export type CommittedStep = { readonly places: readonly number[] } | { readonly foreign: ForeignStep };
