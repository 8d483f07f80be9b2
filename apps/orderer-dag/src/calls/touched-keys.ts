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

/** Chaincodes in whose state a range was read. */
const rangedIn = (touched: NamespaceSet): ReadonlySet<string> =>
  new Set(setsOf(touched).flatMap(({ chaincode, readWriteSet: { ranges } }) => (ranges.length > 0 ? [chaincode] : [])));

/** The whole states that have to be held, because a range was read in them. */
export const wholeStates = (touched: NamespaceSet, names: QueueNames): readonly StateKey[] =>
  [...rangedIn(touched)].flatMap((chaincode) => names.wholeState(chaincode) ?? []);

/**
 * What has to be held for these to be safe. A range can be held by no key, since what may appear in it has none yet: who read
 * one holds the whole state of its chaincode.
 */
export function keysToHold(touched: NamespaceSet, names: QueueNames): readonly DeclaredKey[] {
  return queuedKeys(touchedKeys(touched), names, rangedIn(touched));
}

/**
 * How keys stand in the queues: each by itself, and beside it that the state of its chaincode is touched, so that whoever holds all
 * of that state waits for it, and it for them.
 *
 * @param wholly chaincodes of which the whole state is held
 */
export function queuedKeys(
  touched: readonly TouchedKey[],
  names: QueueNames,
  wholly: ReadonlySet<string> = new Set(),
): readonly DeclaredKey[] {
  const queued = touched.filter((one) => names.has(one));
  const chaincodes = [...new Set([...queued.map(({ chaincode }) => chaincode), ...wholly])];
  const states = chaincodes.flatMap((chaincode): readonly DeclaredKey[] => {
    const key = names.wholeState(chaincode);
    return key === undefined ? [] : [{ key, mode: wholly.has(chaincode) ? 'readWrite' : 'read' }];
  });
  return [...queued.map((one): DeclaredKey => ({ key: names.of(one), mode: one.mode })), ...states];
}
