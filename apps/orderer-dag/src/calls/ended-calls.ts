import type { OperationResult } from '@medrex/execute-batch';
import type { Block, CommittedTransaction } from '@medrex/ledger';

/** How a call ended, and where. */
export interface EndedCall {
  readonly result: OperationResult;
  readonly transaction: CommittedTransaction;
  readonly block: Block;
}

/** Repeats come soon after their originals; those that come later are answered from the ledger. */
const rememberedMax = 10_000;

/** The calls that ended lately, by operation: what a repeat of one is told. */
export class EndedCalls {
  readonly #byId = new Map<string, EndedCall>();

  get(opId: string): EndedCall | undefined {
    return this.#byId.get(opId);
  }

  note({ result, transaction, block }: EndedCall): void {
    const place = { ...transaction, readWriteSet: { reads: [], ranges: [], writes: [] }, payload: new Uint8Array() };
    this.#byId.set(result.opId, { result, transaction: place, block: { ...block, transactions: [] } });
    const [oldest] = this.#byId.keys();
    if (this.#byId.size > rememberedMax && oldest !== undefined) this.#byId.delete(oldest);
  }
}
