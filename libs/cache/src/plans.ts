import { LRUCache } from 'lru-cache';

const plansMax = 10_000;
/** Of their texts together: most statements are short, and some that change a number each time are not. */
const textsMax = 8_000_000;

/** What was found out about texts, for those that are asked again. `undefined` is an answer, too. */
export class Plans<P extends object> {
  readonly #plans = new LRUCache<string, P | 'none'>({
    ...{ max: plansMax, maxSize: textsMax },
    sizeCalculation: (_, text) => text.length + 1,
  });

  of(text: string, make: () => P | undefined): P | undefined {
    const known = this.#plans.get(text);
    if (known !== undefined) return known === 'none' ? undefined : known;
    const plan = make();
    this.#plans.set(text, plan ?? 'none');
    return plan;
  }
}
