import type { KeyRead, Version } from '../ledger.ts';
import type { OrderedTransaction } from '../validate-block.ts';
import type { ValidationCode } from '../validation-code.ts';

interface Written {
  readonly key: string;
  readonly isDelete: boolean;
  readonly version: Version;
}

/**
 * The oracle of the property tests: the rules implemented again from their description, with only a list of all writes
 * as state. Slow and simple.
 */
export class NaiveValidation {
  readonly #written: Written[] = [];
  readonly #txIds: string[] = [];

  validate(transactions: readonly OrderedTransaction[], blockNum: number): readonly ValidationCode[] {
    const earlierIds = [...this.#txIds];
    const inThisBlock: Written[] = [];
    const idsInThisBlock: string[] = [];
    const codes = transactions.map((tx, txNum): ValidationCode => {
      if (tx.verdict === 'BAD_CREATOR_SIGNATURE') return tx.verdict; // nothing else of the message is checked
      const isKnown = earlierIds.includes(tx.txId);
      const isBroken = tx.verdict !== undefined && tx.verdict !== 'VALID';
      const isRepeat = !isKnown && !isBroken && idsInThisBlock.includes(tx.txId);
      if (!isKnown && !isBroken) idsInThisBlock.push(tx.txId);
      if (isKnown || isRepeat) return 'DUPLICATE_TXID';
      if (isBroken) return tx.verdict;
      const conflict = this.#conflict(tx, inThisBlock);
      if (conflict !== undefined) return conflict;
      for (const { key, value } of tx.readWriteSet.writes) {
        inThisBlock.push({ key, isDelete: value === undefined, version: { blockNum, txNum } });
      }
      return 'VALID';
    });
    this.#written.push(...inThisBlock);
    this.#txIds.push(...transactions.map(({ txId }) => txId));
    return codes;
  }

  /** The current version of a key; undefined if it is absent. */
  version(key: string): Version | undefined {
    return newest(this.#written, key);
  }

  /** Every key that is present, in order, with its version. */
  lines(): readonly KeyRead[] {
    return present(this.#written);
  }

  #conflict({ readWriteSet }: OrderedTransaction, inThisBlock: readonly Written[]): ValidationCode | undefined {
    const stale = readWriteSet.reads.some(
      ({ key, version }) => inThisBlock.some((write) => write.key === key) || !same(this.version(key), version),
    );
    if (stale) return 'MVCC_READ_CONFLICT';
    const lines = present([...this.#written, ...inThisBlock]);
    const changed = readWriteSet.ranges.some(({ start, end, isExhausted, reads }) => {
      const isBelowEnd = (key: string): boolean => (isExhausted ? end === '' || key < end : key <= end);
      const now = lines.filter(({ key }) => key >= start && isBelowEnd(key));
      return JSON.stringify(now) !== JSON.stringify(reads);
    });
    return changed ? 'PHANTOM_READ_CONFLICT' : undefined;
  }
}

function newest(written: readonly Written[], key: string): Version | undefined {
  const last = written.findLast((write) => write.key === key);
  return last === undefined || last.isDelete ? undefined : last.version;
}

function present(written: readonly Written[]): KeyRead[] {
  const keys = [...new Set(written.map(({ key }) => key))].sort();
  const lines: KeyRead[] = [];
  for (const key of keys) {
    const version = newest(written, key);
    if (version !== undefined) lines.push({ key: key as KeyRead['key'], version });
  }
  return lines;
}

const same = (a: Version | undefined, b: Version | undefined): boolean => JSON.stringify(a) === JSON.stringify(b);
