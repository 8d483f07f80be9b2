import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import { codeOf } from '../fhir/codes.ts';
import type { Quantity } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';

/** An amount of a medicine in the stock of a location. */
export type StockQuantity = {
  /** The location's id. */
  readonly location: string;
  /** The medicine's first code, or the id of its Medication. */
  readonly medicine: string;
  /** In thousandths of the unit. */
  readonly quantity: number;
  /** The unit's code, when it has one. */
  readonly unit?: string;
};

/** The effect of a record on stocks before and after a change: positive for deliveries, negative for doses. */
export interface StockMove {
  readonly before: StockQuantity | undefined;
  readonly after: StockQuantity | undefined;
  /** FHIRPath of the quantity, for rejects. */
  readonly expression: string;
}

// Quantities are whole thousandths, because sums of decimal fractions depend on the order of additions.
const scale = 1000;
const quantityMax = 1_000_000_000;

/**
 * Key of the stock of one medicine at one location. A single key is needed so that the stock never falls below zero.
 * Fusion makes many concurrent doses cheap.
 */
export function stockKey({ location, medicine }: Pick<StockQuantity, 'location' | 'medicine'>): StateKey {
  return stateKey('clinical', 'stock', location, medicine);
}

/** The quantity and unit of an amount, in thousandths; undefined without a value. */
export function stockQuantityOf(
  location: string | undefined,
  medicine: string | undefined,
  amount: Quantity | undefined,
): StockQuantity | undefined {
  if (location === undefined || medicine === undefined || amount?.value === undefined) return undefined;
  const { value, system, code } = amount;
  const unit = codeOf({ system, code });
  return { location, medicine, quantity: Math.round(value * scale), ...(unit === undefined ? {} : { unit }) };
}

/** The same amount with the opposite sign. */
export function negated({ quantity, ...place }: StockQuantity): StockQuantity {
  return { ...place, quantity: -quantity };
}

/** Issues of an amount that changes a stock. */
export function quantityIssues(amount: Quantity | undefined, expression: string): readonly RefusalIssue[] {
  const value = amount?.value;
  if (value === undefined || (value >= 0 && value <= quantityMax)) return [];
  return [issue('value', expression, `The quantity must be from 0 to ${quantityMax}.`)];
}

/**
 * Applies the change of a record to its stocks.
 * @throws Reject STOCK_EXHAUSTED if one would fall below zero; a stock without deliveries is empty. UNIT_DIFFERS if the
 * stock has another unit.
 */
export async function moveStock(state: State, { before, after, expression }: StockMove): Promise<void> {
  for (const change of netOf(before, after)) await changeStock(state, change, expression);
}

/**
 * For one stock only the difference counts, so a delivery that is mostly used up can still be corrected by a little.
 */
function netOf(before: StockQuantity | undefined, after: StockQuantity | undefined): readonly StockQuantity[] {
  if (before === undefined || after === undefined) {
    return [before && negated(before), after].filter((one) => one !== undefined);
  }
  if (stockKey(before) !== stockKey(after) || isOtherUnit(before.unit, after.unit)) return [negated(before), after];
  return [{ ...before, ...after, quantity: after.quantity - before.quantity }];
}

async function changeStock(state: State, change: StockQuantity, expression: string): Promise<void> {
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

/** Units are compared only if both have a code, since text such as `tablet` has many spellings. */
function isOtherUnit(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && one !== other;
}
