import { namespaceOf, setsOf, type Block, type KeyRead, type Version } from '@medrex/ledger';

/** The newest known write of a key: its version, and whether it is a deletion. */
interface LatestWrite {
  readonly version: Version;
  readonly isDelete: boolean;
}

const isBefore = (a: Version, b: Version): boolean =>
  a.blockNum < b.blockNum || (a.blockNum === b.blockNum && a.txNum < b.txNum);

/**
 * The writes of blocks committed during endorsements, to detect stale endorsements before sending.
 *
 * Reads of declared keys cannot become stale by our own envelopes. They can by foreign writes, which are indexed by key; and reads of
 * keys discovered by this endorsement can by any write, for which the kept blocks are searched. So the common case, without foreign
 * writers and discoveries, costs nothing per key.
 */
export class RecentWrites {
  /** By namespace, then by key, as two chaincodes may have equal keys. */
  readonly #foreign = new Map<string, Map<string, LatestWrite>>();
  #blocks: Block[] = [];

  /** Number of blocks kept. */
  get size(): number {
    return this.#blocks.length;
  }

  /** Adds a block. @param isForeign whether a transaction is not ours */
  note(block: Block, isForeign: (txId: string) => boolean): void {
    this.#blocks.push(block);
    for (const transaction of block.transactions) {
      if (transaction.code !== 'VALID' || !isForeign(transaction.txId)) continue;
      const version = { blockNum: block.number, txNum: transaction.txNum };
      for (const { chaincode, readWriteSet } of setsOf(transaction)) {
        for (const { key, value } of readWriteSet.writes)
          this.#namespace(namespaceOf(chaincode, key)).set(key, { version, isDelete: value === undefined });
      }
    }
  }

  /** Forgets blocks below `blockNum`; every endorsement in flight started at that height or later. */
  forgetBelow(blockNum: number): void {
    this.#blocks = this.#blocks.filter(({ number }) => number >= blockNum);
    for (const [name, written] of this.#foreign) {
      for (const [key, { version }] of written) if (version.blockNum < blockNum) written.delete(key);
      if (written.size === 0) this.#foreign.delete(name);
    }
  }

  /**
   * The keys among `reads` of a chaincode that were written after they were read. Our own writes only count for `discovered` keys.
   */
  stale(reads: readonly KeyRead[], discovered: ReadonlySet<string>, chaincode: string): string[] {
    if (this.#foreign.size === 0 && discovered.size === 0) return [];
    const own = this.#ownWrites(discovered, chaincode);
    const foreign = (key: string): LatestWrite | undefined => this.#foreign.get(namespaceOf(chaincode, key))?.get(key);
    return reads
      .filter((read) => isStale(read, foreign(read.key)) || isStale(read, own.get(read.key)))
      .map(({ key }) => key);
  }

  #namespace(name: string): Map<string, LatestWrite> {
    const known = this.#foreign.get(name);
    if (known !== undefined) return known;
    const made = new Map<string, LatestWrite>();
    this.#foreign.set(name, made);
    return made;
  }

  #ownWrites(keys: ReadonlySet<string>, chaincode: string): Map<string, LatestWrite> {
    const latest = new Map<string, LatestWrite>();
    if (keys.size === 0) return latest;
    for (const block of this.#blocks) {
      for (const transaction of block.transactions) {
        if (transaction.code !== 'VALID') continue;
        const version = { blockNum: block.number, txNum: transaction.txNum };
        const set = setsOf(transaction).find((one) => one.chaincode === chaincode);
        for (const { key, value } of set?.readWriteSet.writes ?? [])
          if (keys.has(key)) latest.set(key, { version, isDelete: value === undefined });
      }
    }
    return latest;
  }
}

/** Whether the write is newer than the read. A read of an absent key has no version; it is stale once the key is put. */
function isStale(read: KeyRead, write: LatestWrite | undefined): boolean {
  if (write === undefined) return false;
  return read.version === undefined ? !write.isDelete : isBefore(read.version, write.version);
}
