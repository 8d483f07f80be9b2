import type { VersionedValue } from '@medrex/ledger';

/** The value of a key, and the height from which it is valid. */
export interface CachedValue {
  readonly found: VersionedValue | undefined;
  readonly since: number;
}

/** Approximate bytes of a map entry with its objects and key. */
const entryBytes = 200;

/**
 * A cache of the newest values of keys that were read, including absent ones, bounded in bytes. It has two generations
 * instead of an LRU list: used entries move to the young generation, and when that has half of the budget, the old one
 * is dropped. So a lookup is one or two map lookups, and the most recently used half of the budget is always kept.
 */
export class StateCache {
  readonly #namespaces = new Map<string, NamespaceCache>();
  readonly #generationBytes: number;
  #youngBytes = 0;

  constructor(bytesMax: number) {
    this.#generationBytes = bytesMax / 2;
  }

  /** The cached values of one chaincode; all chaincodes share the budget. */
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

  /** Adds the result of a read. The caller checked before that it is the newest value. */
  add(key: string, value: CachedValue): void {
    this.#set(key, value);
  }

  /**
   * Applies a write of a block. Keys that are not cached are ignored, and cached absent keys are removed: most new keys
   * are records that nobody reads again, and would displace others.
   */
  update(key: string, value: CachedValue): void {
    const known = this.#young.get(key) ?? this.#old.get(key);
    if (known === undefined) return;
    if (known.found !== undefined || value.found === undefined) return this.#set(key, value);
    this.#young.delete(key);
    this.#old.delete(key);
  }

  /** Makes the young generation the old one, and drops the previous one. */
  age(): void {
    this.#old = this.#young;
    this.#young = new Map();
  }

  #set(key: string, value: CachedValue): void {
    this.#young.set(key, value);
    // A value that replaces another in the same generation is counted again, which keeps the bound and the counting
    // simple.
    this.#onGrowth(entryBytes + key.length + (value.found?.value.byteLength ?? 0));
  }
}
