import { isRegistryKey, type AccessMode, type DeclaredKey, type StateKey } from '@medrex/keys';
import { isLifecycleKey, setsOf, type NamespaceSet } from '@medrex/ledger';

/** How the keys of a foreign chaincode are called in our queues. */
export interface KeyNaming {
  queueKey(chaincode: string, key: string): StateKey;
  wholeStateKey(chaincode: string): StateKey;
}

/** A key in the state of a chaincode. */
export interface NamespaceKey {
  readonly chaincode: string;
  readonly key: string;
}

/** A key that a call touched, in the state of its own chaincode or of one that this one called, and how. */
export interface TouchedKey extends NamespaceKey {
  readonly mode: Extract<AccessMode, 'read' | 'write' | 'readWrite'>;
}

/** What keys of every chaincode are called in the queues: our own as they are, whoever touches them. */
export class QueueNames {
  readonly #own: string;
  readonly #naming: KeyNaming;

  /** @param own our own chaincode */
  constructor(own: string, naming: KeyNaming) {
    this.#own = own;
    this.#naming = naming;
  }

  of({ chaincode, key }: NamespaceKey): StateKey {
    return chaincode === this.#own ? (key as StateKey) : this.#naming.queueKey(chaincode, key);
  }

  /** The registry of authors stands in no queue of ours. */
  has({ chaincode, key }: NamespaceKey): boolean {
    return chaincode !== this.#own || !isRegistryKey(key);
  }

  /** Of our own chaincode nobody holds the whole state. */
  wholeState(chaincode: string): StateKey | undefined {
    return chaincode === this.#own ? undefined : this.#naming.wholeStateKey(chaincode);
  }
}

/** What an endorsement touched, the definitions of chaincodes aside. */
export function touchedKeys(touched: NamespaceSet): readonly TouchedKey[] {
  return setsOf(touched).flatMap(({ chaincode, readWriteSet: { reads, writes } }) => {
    const modes = new Map<string, TouchedKey['mode']>();
    for (const { key } of reads) if (!isLifecycleKey(key)) modes.set(key, 'read');
    for (const { key } of writes) if (!isLifecycleKey(key)) modes.set(key, modes.has(key) ? 'readWrite' : 'write');
    return [...modes].map(([key, mode]) => ({ chaincode, key, mode }));
  });
}

/** Whether a range was read, in the state of any chaincode. */
export const hasRanges = (touched: NamespaceSet): boolean =>
  setsOf(touched).some(({ readWriteSet }) => readWriteSet.ranges.length > 0);

/**
 * What has to be held for these to be safe. A range can be held by no key, since what may appear in it has none yet: who read
 * one holds the whole state of its chaincode.
 */
export function keysToHold(touched: NamespaceSet, names: QueueNames): readonly DeclaredKey[] {
  const queued = touchedKeys(touched).filter((one) => names.has(one));
  const keys = queued.map((one): DeclaredKey => ({ key: names.of(one), mode: one.mode }));
  const whole = setsOf(touched).flatMap(({ chaincode, readWriteSet }): readonly DeclaredKey[] => {
    const key = readWriteSet.ranges.length === 0 ? undefined : names.wholeState(chaincode);
    return key === undefined ? [] : [{ key, mode: 'readWrite' }];
  });
  return [...keys, ...whole];
}
