import type { OperationResult } from '@medrex/execute-batch';
import type { Block, CommittedTransaction } from '@medrex/ledger';

/** The result of a call, and its transaction and block. */
export interface EndedCall {
  readonly result: OperationResult;
  readonly transaction: CommittedTransaction;
  readonly block: Block;
}

/** Maximum calls remembered; later repeats are answered from the ledger. */
const rememberedMax = 10_000;

/** Recently ended calls by operation, to answer repeats. */
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
