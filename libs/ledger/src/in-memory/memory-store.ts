import { CodedError } from '@medrex/coded-error';
import { ledgerErrors } from '../errors.ts';
import type { Block } from '../ledger.ts';
import type { CommittedBlock, ModelStore } from '../model/model-store.ts';
import type { StateView } from '../state-view.ts';
import { MemoryState } from './memory-state.ts';

/** Blocks, state and transaction ids in memory, as long as the object exists. */
export class MemoryStore implements ModelStore {
  readonly #state = new MemoryState();
  readonly #blocks: Block[] = [];
  readonly #txIds = new Set<string>();

  get height(): number {
    return this.#blocks.length;
  }

  view(): StateView {
    return this.#state.view();
  }

  async knownTransactions(txIds: readonly string[]): Promise<ReadonlySet<string>> {
    return new Set(txIds.filter((txId) => this.#txIds.has(txId)));
  }

  async append({ block, updates }: CommittedBlock): Promise<void> {
    this.#state.apply(updates);
    this.#blocks.push(block);
    for (const { txId } of block.transactions) this.#txIds.add(txId);
  }

  async block(number: number): Promise<Block> {
    const block = this.#blocks[number];
    if (block !== undefined) return block;
    throw new CodedError(ledgerErrors.blockPruned, `block ${number} is not one of 0 to ${this.height - 1}`);
  }

  async close(): Promise<void> {
    // There is nothing to close.
  }
}
