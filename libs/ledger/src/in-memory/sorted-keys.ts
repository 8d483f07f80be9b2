/**
 * Keys in text order, sorted on demand, since writes are many and range reads few. Deleted keys stay in the list until
 * the next sort.
 */
export class SortedKeys {
  readonly #isPresent: (key: string) => boolean;
  #sorted: string[] = [];
  #added: string[] = [];

  constructor(isPresent: (key: string) => boolean) {
    this.#isPresent = isPresent;
  }

  /** Adds a new key; a sort that this may cause keeps only present keys. O(1). */
  add(key: string): void {
    this.#added.push(key);
    // A key that is repeatedly deleted and added is added each time; without reads nothing else would shorten the list.
    if (this.#added.length > 2 * this.#sorted.length + 1_000) this.#sort();
  }

  /** Present keys from `start` (inclusive) to `end` (exclusive; empty for no end); O(log n + answer) after the sort. */
  between(start: string, end: string): readonly string[] {
    if (this.#added.length > 0) this.#sort();
    const from = this.#firstFrom(start);
    const to = end === '' ? this.#sorted.length : Math.max(from, this.#firstFrom(end));
    return this.#sorted.slice(from, to).filter((key) => this.#isPresent(key));
  }

  #sort(): void {
    const keys = new Set([...this.#sorted, ...this.#added]);
    this.#sorted = [...keys].filter((key) => this.#isPresent(key)).sort();
    this.#added = [];
  }

  #firstFrom(bound: string): number {
    let low = 0;
    let high = this.#sorted.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sorted[middle] ?? '') < bound) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
