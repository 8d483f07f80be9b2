import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';

/** Where a medicine lies: the location's id and the medicine's code. */
export type StockPlace = { readonly location: string; readonly medicine: string };

/**
 * Key of the stock of one medicine at one location. One key, since the rule that it never falls below zero needs one
 * truth; what many doses at once cost is taken by fusing them.
 */
export function stockKey({ location, medicine }: StockPlace): StateKey {
  return stateKey('clinical', 'stock', location, medicine);
}

// Quantities are kept in whole thousandths: sums of decimal fractions would differ by the order they are added in.
const scale = 1000;

/** A quantity as the ledger adds it up. */
export function thousandths(value: number): number {
  return Math.round(value * scale);
}

/**
 * Changes a stock by so many thousandths.
 * @throws Reject STOCK_EXHAUSTED when it would fall below zero; a stock nobody delivered to holds nothing.
 */
export async function changeStock(state: State, place: StockPlace, change: number): Promise<void> {
  const key = stockKey(place);
  const held = Number((await readJson(state, key))?.['held'] ?? 0);
  const next = held + change;
  if (next < 0) {
    throw reject(
      'STOCK_EXHAUSTED',
      `the stock holds ${held / scale} and ${-change / scale} were taken; deliver first`,
      {
        held: held / scale,
        taken: -change / scale,
      },
    );
  }
  writeJson(state, key, { held: next });
}
