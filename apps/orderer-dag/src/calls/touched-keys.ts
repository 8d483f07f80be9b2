import { isRegistryKey, type AccessMode, type DeclaredKey, type StateKey } from '@medrex/keys';
import { isLifecycleKey, setsOf, type NamespaceSet } from '@medrex/ledger';

/** Names the keys of foreign chaincodes in the queues. */
export interface KeyNaming {
  queueKey(chaincode: string, key: string): StateKey;
  wholeStateKey(chaincode: string): StateKey;
}

/** A key in the state of a chaincode. */
export interface NamespaceKey {
  readonly chaincode: string;
  readonly key: string;
}

/** A key that a call touched, in its own chaincode or in one that it called, with the mode. */
export interface TouchedKey extends NamespaceKey {
  readonly mode: Extract<AccessMode, 'read' | 'write' | 'readWrite'>;
}

/** Queue names of the keys of all chaincodes; Medrex keys keep their own names. */
export class QueueNames {
  readonly #own: string;
  readonly #naming: KeyNaming;

  /** @param own name of the Medrex chaincode */
  constructor(own: string, naming: KeyNaming) {
    this.#own = own;
    this.#naming = naming;
  }

  of({ chaincode, key }: NamespaceKey): StateKey {
    return chaincode === this.#own ? (key as StateKey) : this.#naming.queueKey(chaincode, key);
  }

  /** Whether the key is queued; those of the registry of authors are not. */
  has({ chaincode, key }: NamespaceKey): boolean {
    return chaincode !== this.#own || !isRegistryKey(key);
  }

  /** The queue name for the whole state of a chaincode; undefined for the Medrex chaincode, whose state is never held as a whole. */
  wholeState(chaincode: string): StateKey | undefined {
    return chaincode === this.#own ? undefined : this.#naming.wholeStateKey(chaincode);
  }
}

/** The keys that an endorsement touched, without chaincode definitions. */
export function touchedKeys(touched: NamespaceSet): readonly TouchedKey[] {
  return setsOf(touched).flatMap(({ chaincode, readWriteSet: { reads, writes } }) => {
    const modes = new Map<string, TouchedKey['mode']>();
    for (const { key } of reads) if (!isLifecycleKey(key)) modes.set(key, 'read');
    for (const { key } of writes) if (!isLifecycleKey(key)) modes.set(key, modes.has(key) ? 'readWrite' : 'write');
    return [...modes].map(([key, mode]) => ({ chaincode, key, mode }));
  });
}

/** The chaincodes of whose state a range was read. */
const rangedIn = (touched: NamespaceSet): ReadonlySet<string> =>
  new Set(setsOf(touched).flatMap(({ chaincode, readWriteSet: { ranges } }) => (ranges.length > 0 ? [chaincode] : [])));

/** Queue names of the whole states to hold because a range was read. */
export const wholeStates = (touched: NamespaceSet, names: QueueNames): readonly StateKey[] =>
  [...rangedIn(touched)].flatMap((chaincode) => names.wholeState(chaincode) ?? []);

/**
 * The keys to hold for the touched keys to be safe. A range cannot be held key by key, as keys may be added to it; a reader of a
 * range holds the whole state of its chaincode.
 */
export function keysToHold(touched: NamespaceSet, names: QueueNames): readonly DeclaredKey[] {
  return queuedKeys(touchedKeys(touched), names, rangedIn(touched));
}

/**
 * The queue entries of keys: each key, plus a marker that the state of its chaincode is touched, which conflicts with holders of that
 * whole state.
 *
 * @param wholly chaincodes whose whole state is held
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
