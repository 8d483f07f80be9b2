/** A value and the end of its lease, epoch ms. */
export interface Leased<T> {
  readonly value: T;
  readonly untilMs: number;
}

/**
 * A cache of at most `entriesMax` values, each for a limited time. All leases have the same length, so the oldest entry
 * expires first.
 */
export class LeaseCache<T> {
  readonly #entries = new Map<string, Leased<T>>();
  readonly #entriesMax: number;

  constructor(entriesMax: number) {
    this.#entriesMax = entriesMax;
  }

  /** The value, if its lease ends after `atMs`. */
  get(key: string, atMs: number): T | undefined {
    const entry = this.#entries.get(key);
    return entry !== undefined && entry.untilMs > atMs ? entry.value : undefined;
  }

  put(key: string, value: T, untilMs: number): void {
    this.#entries.delete(key); // moves it to the end: the map is in the order of leases
    this.#entries.set(key, { value, untilMs });
    if (this.#entries.size > this.#entriesMax) this.#dropOldest();
  }

  /** Drops expired entries, so that no key stays in memory beyond its lease. */
  sweep(nowMs: number): void {
    for (const [key, { untilMs }] of this.#entries) {
      if (untilMs > nowMs) return;
      this.#entries.delete(key);
    }
  }

  get size(): number {
    return this.#entries.size;
  }

  #dropOldest(): void {
    for (const key of this.#entries.keys()) {
      this.#entries.delete(key);
      return;
    }
  }
}
