import type { Block } from '../ledger.ts';
import type { StateUpdates } from '../state-updates.ts';
import type { StateView } from '../state-view.ts';

/** A validated block with its state updates. */
export interface CommittedBlock {
  readonly block: Block;
  readonly updates: StateUpdates;
}

/** Where the model keeps what a peer keeps: blocks, state and transaction ids. One writer. */
export interface ModelStore {
  /** Number of blocks appended. */
  readonly height: number;
  /** The state after all appended blocks; the caller releases it. */
  view(): StateView;
  /** Those of the ids that stand in an appended block. */
  knownTransactions(txIds: readonly string[]): Promise<ReadonlySet<string>>;
  /**
   * Takes the block of number `height`. `height` and `view` include it when the call returns; the promise resolves once it is
   * durable, in the order of blocks. A rejection is final: the store takes nothing more.
   */
  append(committed: CommittedBlock): Promise<void>;
  /** @throws CodedError BLOCK_PRUNED when it is kept no more. */
  block(number: number): Promise<Block>;
  close(): Promise<void>;
}
