import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import { codeOf } from '../fhir/codes.ts';
import type { Quantity } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';

/** So much of a medicine, at the location whose stock it goes into or comes from. */
export type Stocked = {
  /** The location's id. */
  readonly location: string;
  /** The medicine's first code, or the id of its Medication. */
  readonly medicine: string;
  /** In thousandths of the unit. */
  readonly quantity: number;
  /** The unit's code, when it has one. */
  readonly unit?: string;
};

/** A record's share in a stock before and after a change: positive for what it brought, negative for what it took. */
export interface StockMove {
  readonly before: Stocked | undefined;
  readonly after: Stocked | undefined;
  /** The element that names the quantity, for rejects. */
  readonly expression: string;
}

// Quantities are kept in whole thousandths: sums of decimal fractions would differ by the order they are added in.
const scale = 1000;
const quantityMax = 1_000_000_000;

/**
 * Key of the stock of one medicine at one location. One key, since the rule that it never falls below zero needs one
 * truth; what many doses at once cost is taken by fusing them.
 */
export function stockKey({ location, medicine }: Pick<Stocked, 'location' | 'medicine'>): StateKey {
  return stateKey('clinical', 'stock', location, medicine);
}

/** The quantity and unit of an amount, as the ledger adds them up; undefined without a value. */
export function stockedOf(
  location: string | undefined,
  medicine: string | undefined,
  amount: Quantity | undefined,
): Stocked | undefined {
  if (location === undefined || medicine === undefined || amount?.value === undefined) return undefined;
  const { value, system, code } = amount;
  const unit = codeOf({ system, code });
  return { location, medicine, quantity: Math.round(value * scale), ...(unit === undefined ? {} : { unit }) };
}

/** The same share with the other sign. */
export function takenFrom({ quantity, ...place }: Stocked): Stocked {
  return { ...place, quantity: -quantity };
}

/** What is wrong with an amount that changes a stock. */
export function quantityIssues(amount: Quantity | undefined, expression: string): readonly RefusalIssue[] {
  const value = amount?.value;
  if (value === undefined || (value >= 0 && value <= quantityMax)) return [];
  return [issue('value', expression, `The quantity must be from 0 to ${quantityMax}.`)];
}

/**
 * Makes the stocks what they are with the record as it is now.
 *
 * @throws Reject STOCK_EXHAUSTED when one would fall below zero; a stock nobody delivered to holds nothing. UNIT_DIFFERS when it is kept in
 * another unit.
 */
export async function moveStock(state: State, { before, after, expression }: StockMove): Promise<void> {
  for (const change of netOf(before, after)) await changeStock(state, change, expression);
}

/** Of one stock the difference alone counts: a delivery of which much is used up may still be corrected by a little. */
function netOf(before: Stocked | undefined, after: Stocked | undefined): readonly Stocked[] {
  if (before === undefined || after === undefined) {
    return [before && takenFrom(before), after].filter((one) => one !== undefined);
  }
  if (stockKey(before) !== stockKey(after) || isOtherUnit(before.unit, after.unit)) return [takenFrom(before), after];
  return [{ ...before, ...after, quantity: after.quantity - before.quantity }];
}

async function changeStock(state: State, change: Stocked, expression: string): Promise<void> {
  const { quantity } = change;
  if (quantity === 0) return;
  const key = stockKey(change);
  const stock = await readJson(state, key);
  const held = Number(stock?.['held'] ?? 0);
  const known = held === 0 ? undefined : stock?.['unit'];
  const unit = typeof known === 'string' ? known : change.unit;
  if (isOtherUnit(unit, change.unit)) {
    const message = 'the stock is kept in another unit; name the quantity in the unit that was delivered';
    throw reject('UNIT_DIFFERS', message, { expression, held: unit ?? null, named: change.unit ?? null });
  }
  const next = held + quantity;
  if (next < 0) {
    const [left, taken] = [held / scale, -quantity / scale];
    const message = `the stock holds ${left}, so ${taken} cannot be taken from it; deliver first`;
    throw reject('STOCK_EXHAUSTED', message, { expression, held: left, taken });
  }
  if (!Number.isSafeInteger(next))
    throw reject('SUM_TOO_LARGE', 'the stock would hold more than can be counted', { expression });
  writeJson(state, key, { held: next, unit });
}

/** Units are compared where both are coded: a text like `tablet` has many spellings. */
function isOtherUnit(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}
