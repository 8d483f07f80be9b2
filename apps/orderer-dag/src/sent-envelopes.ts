import type { Block, CommittedTransaction } from '@medrex/ledger';

/** Called once, with the transaction as the first block that holds its id shows it. */
export type OnSeen = (transaction: CommittedTransaction, block: Block) => void;

/** Envelopes that may still turn up are remembered up to this many; the records on the ledger answer for older ones. */
const rememberedMax = 10_000;

/** Envelopes of this process on their way into a block, by transaction id. */
export class SentEnvelopes {
  readonly #expected = new Map<string, OnSeen>();
  readonly #givenUp = new Set<string>();

  get size(): number {
    return this.#expected.size;
  }

  /** Expects `txId` in a block, again or for the first time. Must be called before the envelope is sent: the block may come before the ack. */
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

  /** The operations of the envelope are planned again: should it still turn up, it counts as another writer's. */
  giveUp(txId: string): void {
    if (this.#expected.has(txId)) this.#givenUp.add(txId);
  }

  /** True for an envelope that somebody still waits for. */
  isAwaited(txId: string): boolean {
    return this.#expected.has(txId) && !this.#givenUp.has(txId);
  }

  /** True for an envelope of this process, awaited or given up. */
  isOurs(txId: string): boolean {
    return this.#expected.has(txId);
  }

  /**
   * Tells those whose envelopes stand in the block. The code that counts for an id is VALID where the block has it,
   * else the first one; what later blocks show of the same id is a resubmission and means nothing.
   */
  show(block: Block): void {
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

/** One transaction per id: the VALID one, else the first. */
export function decisive(block: Block): Iterable<CommittedTransaction> {
  const byId = new Map<string, CommittedTransaction>();
  for (const transaction of block.transactions) {
    const seen = byId.get(transaction.txId);
    if (seen === undefined || (seen.code !== 'VALID' && transaction.code === 'VALID'))
      byId.set(transaction.txId, transaction);
  }
  return byId.values();
}
