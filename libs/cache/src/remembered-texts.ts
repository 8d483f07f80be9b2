import { LRUCache } from 'lru-cache';

const entriesMax = 10_000;
/** Of their texts together: most statements are short, and some that change a number each time are not. */
const textsMax = 8_000_000;

/** What was found out about texts, for those that are asked again. `undefined` is an answer, too. */
export class RememberedTexts<F extends object> {
  readonly #texts = new LRUCache<string, F | 'none'>({
    ...{ max: entriesMax, maxSize: textsMax },
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
