import { Refusal } from './refusal.ts';

/** Maximum length of a statement, which is that of a string in IRIS. */
const textMax = 3_641_144;

/** Maximum effort of a statement: the characters of all intermediate texts, plus a constant for each part and query. */
const budgetMax = 64 * 1024 * 1024;
const partCost = 64;
const queryCost = 32 * 1024;

/**
 * Limits the size of translations. Features that IRIS lacks are expanded, and operands repeated; when nested, texts grow exponentially, so
 * a short statement could use up memory and time of all clients.
 */
export class TranslationBudget {
  #spent = 0;

  /** @throws Refusal 54001 */
  part(printed: string): string {
    this.#spend(partCost, printed);
    return printed;
  }

  /** @throws Refusal 54001 */
  query<Query extends { readonly sql: string }>(printed: Query): Query {
    this.#spend(queryCost, printed.sql);
    return printed;
  }

  #spend(base: number, { length }: string): void {
    this.#spent += base + length;
    if (length <= textMax && this.#spent <= budgetMax) return;
    throw new Refusal('the statement is too complex to be translated to IRIS SQL', {
      sqlstate: '54001',
      hint: 'What is computed of computed values stands in it many times: compute it in a query in FROM, or in several statements.',
    });
  }
}
