import { LRUCache } from 'lru-cache';

const entriesMax = 10_000;
/** Maximum total length of the remembered texts. */
const textsMax = 8_000_000;

/** A cache of facts by text. `undefined` is a valid fact. */
export class TextCache<F extends object> {
  readonly #texts = new LRUCache<string, F | 'none'>({
    max: entriesMax,
    maxSize: textsMax,
    sizeCalculation: (_, text) => text.length + 1,
  });

  of(text: string, make: () => F | undefined): F | undefined {
    const known = this.#texts.get(text);
    if (known !== undefined) return known === 'none' ? undefined : known;
    const found = make();
    this.#texts.set(text, found ?? 'none');
    return found;
  }
}
