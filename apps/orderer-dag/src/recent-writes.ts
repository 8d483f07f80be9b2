import { namespaceOf, setsOf, type Block, type KeyRead, type Version } from '@medrex/ledger';

/** The newest known write of a key: where it stands, and whether it deleted the key. */
interface LatestWrite {
  readonly version: Version;
  readonly isDelete: boolean;
}

const isBefore = (a: Version, b: Version): boolean =>
  a.blockNum < b.blockNum || (a.blockNum === b.blockNum && a.txNum < b.txNum);

/**
 * The blocks committed while something is being endorsed, to tell before sending whether an endorsement is stale.
 *
 * Declared keys of our own operations cannot go stale by our own envelopes. Two other things can: keys that somebody
 * else writes, which are noted one by one, and keys discovered by this very endorsement, for which the kept blocks are
 * searched. So the usual case, nobody else and nothing discovered, costs nothing per key.
 */
export class RecentWrites {
  /** By namespace, then by key: two chaincodes may have a key of one name. */
  readonly #foreign = new Map<string, Map<string, LatestWrite>>();
  #blocks: Block[] = [];

  /** Blocks kept. */
  get size(): number {
    return this.#blocks.length;
  }

  /** Notes a block and which of its transactions were not ours. */
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

  /** Forgets blocks below `blockNum`: every endorsement under way began at that height or later. */
  forgetBelow(blockNum: number): void {
    this.#blocks = this.#blocks.filter(({ number }) => number >= blockNum);
    for (const [name, written] of this.#foreign) {
      for (const [key, { version }] of written) if (version.blockNum < blockNum) written.delete(key);
      if (written.size === 0) this.#foreign.delete(name);
    }
  }

  /**
   * The keys among the `reads` of a chaincode that were written since they were read; of our own writes only those to
   * `discovered` keys count.
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

/** A read of an absent key has no version: it is stale once the key was put. An endorser may be ahead of us, never behind for long. */
function isStale(read: KeyRead, write: LatestWrite | undefined): boolean {
  if (write === undefined) return false;
  return read.version === undefined ? !write.isDelete : isBefore(read.version, write.version);
}
