import type { KeyRead, ReadWriteSet, Version } from './ledger.ts';
import { namespaceOf } from './lifecycle.ts';
import { StateUpdates } from './state-updates.ts';
import type { VersionedValue } from './state-view.ts';
import { isMalformed, type ValidationCode } from './validation-code.ts';
import { sameVersion } from './version.ts';
import { isRangeUnchanged } from './validate-range.ts';

/** An ordered transaction before validation. */
export interface OrderedTransaction {
  readonly txId: string;
  readonly chaincode: string;
  readonly readWriteSet: ReadWriteSet;
  /** The code from the checks of message, signatures and policies, if it is not VALID. */
  readonly verdict?: ValidationCode;
}

/** The committed state that a block is validated against: that of all blocks before it. */
export interface CommittedState {
  version(namespace: string, key: string): Version | undefined;
  /** Keys from `start` (inclusive) to `end` (exclusive; empty for no end) in text order, with their versions. */
  range(namespace: string, start: string, end: string): Iterable<KeyRead>;
  /** Only called for keys whose metadata is written. */
  value?(namespace: string, key: string): VersionedValue | undefined;
  /** Whether an earlier block holds a transaction with this id, valid or not. */
  hasTransaction(txId: string): boolean;
}

export interface BlockValidation {
  /** One code for each transaction, in order. */
  readonly codes: readonly ValidationCode[];
  /** The writes of the valid ones. */
  readonly updates: StateUpdates;
}

/**
 * Fabric's validation of one block (core/ledger/kvledger/txmgmt/validation and core/committer/txvalidator/v20). In this
 * order: malformed messages; ids known from earlier blocks, valid or not; failed endorsement policies; repeated ids
 * among the rest; then one transaction after the other. A read conflicts when an earlier valid transaction of the block
 * wrote the key, whatever the version, or when the committed version is not the one read. A range is run again over
 * state and block. Nothing else conflicts, so blind writes never do. Pure; O(reads + writes), ranges by their contents.
 */
export function validateBlock(
  blockNum: number,
  transactions: readonly OrderedTransaction[],
  committed: CommittedState,
): BlockValidation {
  const codes = checkIdentity(transactions, committed);
  const updates = new StateUpdates();
  transactions.forEach((transaction, txNum) => {
    if (codes[txNum] !== 'VALID') return;
    const sets = setsOf(transaction);
    const code = firstConflict(sets, updates, committed);
    codes[txNum] = code;
    // An invalid transaction keeps its position but writes nothing, so positions of versions have gaps.
    if (code === 'VALID') for (const set of sets) write(set, { blockNum, txNum }, updates, committed);
  });
  return { codes, updates };
}

function checkIdentity(transactions: readonly OrderedTransaction[], committed: CommittedState): ValidationCode[] {
  const seen = new Set<string>();
  return transactions.map(({ txId, verdict = 'VALID' }) => {
    if (isMalformed(verdict)) return verdict;
    if (committed.hasTransaction(txId)) return 'DUPLICATE_TXID';
    if (verdict !== 'VALID') return verdict;
    // Only a transaction that passed so far takes the id, so a copy with an invalid signature does not block the real
    // one.
    if (seen.has(txId)) return 'DUPLICATE_TXID';
    seen.add(txId);
    return 'VALID';
  });
}

/** The reads and writes of one transaction in one namespace. */
export interface NamespaceSet {
  readonly chaincode: string;
  readonly readWriteSet: ReadWriteSet;
}

/** The transaction's sets by namespace, in Fabric's order: sorted, if there are several. */
export function setsOf({ chaincode, readWriteSet }: NamespaceSet): readonly NamespaceSet[] {
  const { called } = readWriteSet;
  if (called === undefined || called.length === 0) return [{ chaincode, readWriteSet }];
  return [{ chaincode, readWriteSet }, ...called].sort((a, b) => (a.chaincode < b.chaincode ? -1 : 1));
}

function firstConflict(
  sets: readonly NamespaceSet[],
  updates: StateUpdates,
  committed: CommittedState,
): ValidationCode {
  for (const set of sets) {
    const code = checkReads(set, updates, committed);
    if (code !== 'VALID') return code;
  }
  return 'VALID';
}

function checkReads(
  { chaincode, readWriteSet }: NamespaceSet,
  updates: StateUpdates,
  committed: CommittedState,
): ValidationCode {
  const written = updates.of(chaincode);
  for (const { key, version } of readWriteSet.reads) {
    const namespace = namespaceOf(chaincode, key);
    const isWritten = namespace === chaincode ? written.has(key) : updates.get(namespace, key) !== undefined;
    if (isWritten || !sameVersion(committed.version(namespace, key), version)) return 'MVCC_READ_CONFLICT';
  }
  for (const range of readWriteSet.ranges) {
    if (!isRangeUnchanged(range, chaincode, written, committed)) return 'PHANTOM_READ_CONFLICT';
  }
  return 'VALID';
}

function write(
  { chaincode, readWriteSet }: NamespaceSet,
  version: Version,
  updates: StateUpdates,
  committed: CommittedState,
): void {
  updates.add(chaincode, readWriteSet.writes, version);
  const { metadata = [] } = readWriteSet;
  if (metadata.length > 0)
    updates.addMetadata(chaincode, metadata, version, (key) => committed.value?.(chaincode, key));
}
