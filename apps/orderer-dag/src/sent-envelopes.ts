import type { Block, CommittedTransaction } from '@medrex/ledger';

/** Called once per id, with the transaction in the first block that contains it. */
export type OnSeen = (transaction: CommittedTransaction, block: Block) => void;

/** Maximum envelopes remembered; operations of older ones are answered from their operation records. */
const rememberedMax = 10_000;

/** Sent envelopes of this process that may appear in a block, by transaction id. */
export class SentEnvelopes {
  readonly #expected = new Map<string, OnSeen>();
  readonly #givenUp = new Set<string>();

  get size(): number {
    return this.#expected.size;
  }

  /** Expects `txId` in a block. Call it before sending the envelope, as the block may arrive before the acknowledgement. */
  expect(txId: string, onSeen: OnSeen): void {
    this.#expected.delete(txId);
    this.#givenUp.delete(txId);
    this.#expected.set(txId, onSeen);
    if (this.#expected.size <= rememberedMax) return;
    for (const oldest of this.#expected.keys()) {
      this.#forget(oldest);
      break;
    }
  }

  /** Gives up an envelope whose operations are planned again; if it appears in a block, its writes count as foreign. */
  giveUp(txId: string): void {
    if (this.#expected.has(txId)) this.#givenUp.add(txId);
  }

  /** True for an envelope that is expected and not given up. */
  isAwaited(txId: string): boolean {
    return this.#expected.has(txId) && !this.#givenUp.has(txId);
  }

  /** True for an envelope of this process, expected or given up. */
  isOurs(txId: string): boolean {
    return this.#expected.has(txId);
  }

  /**
   * Notifies the owners of envelopes in the block. Of several transactions with one id in a block, the VALID one counts, otherwise the
   * first. The same id in later blocks is a resubmission and is ignored.
   */
  onBlock(block: Block): void {
    for (const transaction of decisive(block)) {
      const onSeen = this.#expected.get(transaction.txId);
      if (onSeen === undefined) continue;
      this.#forget(transaction.txId);
      onSeen(transaction, block);
    }
  }

  #forget(txId: string): void {
    this.#expected.delete(txId);
    this.#givenUp.delete(txId);
  }
}

/** One transaction per id: the VALID one, otherwise the first. */
export function decisive(block: Block): Iterable<CommittedTransaction> {
  const byId = new Map<string, CommittedTransaction>();
  for (const transaction of block.transactions) {
    const seen = byId.get(transaction.txId);
    if (seen === undefined || (seen.code !== 'VALID' && transaction.code === 'VALID'))
      byId.set(transaction.txId, transaction);
  }
  return byId.values();
}
