import type { VersionedValue } from '@medrex/ledger';

/** The value of a key, and the height from which it is valid. */
export interface CachedValue {
  readonly found: VersionedValue | undefined;
  readonly since: number;
}

/** Bytes of a map entry, its objects and its key, roughly. */
const entryBytes = 200;

/**
 * The newest values of keys that were read, absent ones included, bounded in bytes. Two generations in place of a list of use:
 * what is used moves to the young one, and when that is half of the budget the old one goes. So a lookup is one or two lookups
 * in maps, and the most lately used half of the budget is always there.
 */
export class StateCache {
  readonly #namespaces = new Map<string, NamespaceCache>();
  readonly #generationBytes: number;
  #youngBytes = 0;

  constructor(bytesMax: number) {
    this.#generationBytes = bytesMax / 2;
  }

  /** The values of one chaincode; all share the budget. */
  of(namespace: string): NamespaceCache {
    let cache = this.#namespaces.get(namespace);
    if (cache === undefined) {
      cache = new NamespaceCache((bytes) => this.#grow(bytes));
      this.#namespaces.set(namespace, cache);
    }
    return cache;
  }

  #grow(bytes: number): void {
    this.#youngBytes += bytes;
    if (this.#youngBytes <= this.#generationBytes) return;
    for (const cache of this.#namespaces.values()) cache.age();
    this.#youngBytes = 0;
  }
}

export class NamespaceCache {
  readonly #onGrowth: (bytes: number) => void;
  #young = new Map<string, CachedValue>();
  #old = new Map<string, CachedValue>();

  constructor(onGrowth: (bytes: number) => void) {
    this.#onGrowth = onGrowth;
  }

  get(key: string): CachedValue | undefined {
    const young = this.#young.get(key);
    if (young !== undefined) return young;
    const old = this.#old.get(key);
    if (old !== undefined) this.#set(key, old);
    return old;
  }

  /** What a read found. The caller looked before, and knows that it is the newest. */
  add(key: string, value: CachedValue): void {
    this.#set(key, value);
  }

  /**
   * What a block wrote. A key that nobody read lately is left out, and one that was absent goes: most new keys are records that
   * nobody reads again, and they would push out the ones that matter.
   */
  update(key: string, value: CachedValue): void {
    const known = this.#young.get(key) ?? this.#old.get(key);
    if (known === undefined) return;
    if (known.found !== undefined || value.found === undefined) return this.#set(key, value);
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** The young generation is old from now on, and the old one forgotten. */
  age(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  #set(key: string, value: CachedValue): void {
    this.#young.set(key, value);
    // A value that replaces another in the same generation is counted again: the bound holds, and the count stays simple.
    this.#onGrowth(entryBytes + key.length + (value.found?.value.byteLength ?? 0));
  }
}
