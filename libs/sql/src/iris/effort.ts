import { Refusal } from './refusal.ts';

/** Characters of a statement: IRIS has no longer strings. */
const textMax = 3_641_144;

/** What one statement may cost: all texts that are printed on the way, in characters, and some for each part and each query. */
const effortMax = 64 * 1024 * 1024;
const ofPart = 64;
const ofQuery = 32 * 1024;

/**
 * What IRIS lacks is written out, and what is inside that stands there several times. Parts within parts grow so by powers: a
 * short statement could take the memory and the time of all clients.
 */
export class Effort {
  #spent = 0;

  /** @throws Refusal 54001 */
  part(printed: string): string {
    this.#spend(ofPart, printed);
    return printed;
  }

  /** @throws Refusal 54001 */
  query<Query extends { readonly sql: string }>(printed: Query): Query {
    this.#spend(ofQuery, printed.sql);
    return printed;
  }

  #spend(base: number, { length }: string): void {
    this.#spent += base + length;
    if (length <= textMax && this.#spent <= effortMax) return;
    throw new Refusal('the statement is too complex to be translated to IRIS SQL', {
      sqlstate: '54001',
      hint: 'What is computed of computed values stands in it many times: compute it in a query in FROM, or in several statements.',
    });
  }
}
