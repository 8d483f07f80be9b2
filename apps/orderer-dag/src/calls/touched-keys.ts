import type { AccessMode, DeclaredKey, StateKey } from '@medrex/keys';
import { isLifecycleKey, type ReadWriteSet } from '@medrex/ledger';

/** How the keys of a foreign chaincode are called in our queues. */
export interface KeyNaming {
  queueKey(chaincode: string, key: string): StateKey;
  wholeStateKey(chaincode: string): StateKey;
}

/** A key of the foreign chaincode's own state, and how it was touched. */
export interface TouchedKey {
  readonly key: string;
  readonly mode: Extract<AccessMode, 'read' | 'write' | 'readWrite'>;
}

/** What an endorsement touched, the chaincode's definition aside. */
export function touchedKeys({ reads, writes }: ReadWriteSet): readonly TouchedKey[] {
  const modes = new Map<string, TouchedKey['mode']>();
  for (const { key } of reads) if (!isLifecycleKey(key)) modes.set(key, 'read');
  for (const { key } of writes) modes.set(key, modes.has(key) ? 'readWrite' : 'write');
  return [...modes].map(([key, mode]) => ({ key, mode }));
}

/**
 * What has to be held for these to be safe. A range can be held by no key, since what may appear in it has none yet: who read
 * one holds the whole state of its chaincode.
 */
export function keysToHold(chaincode: string, touched: ReadWriteSet, naming: KeyNaming): readonly DeclaredKey[] {
  const keys = touchedKeys(touched).map(({ key, mode }): DeclaredKey => ({
    key: naming.queueKey(chaincode, key),
    mode,
  }));
  return touched.ranges.length === 0 ? keys : [...keys, { key: naming.wholeStateKey(chaincode), mode: 'readWrite' }];
}
