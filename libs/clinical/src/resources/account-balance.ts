import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import { counterDeltaKey, encodeCounterDelta, type DeclaredKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { Money } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';

/** An amount in whole ten-thousandths of a currency, so that the order of additions does not change a sum. */
export type Amount = { readonly units: number; readonly currency: string };

const scale = 10_000;
const amountMax = 10_000_000_000;
const currencyCode = /^[A-Z]{3}$/;

/** The amount of a Money; undefined without a value. A currency that is not an ISO 4217 code becomes XXX (unknown). */
export function amountOf(money: Money | undefined): Amount | undefined {
  if (money?.value === undefined) return undefined;
  const { value, currency = '' } = money;
  return { units: Math.round(value * scale), currency: currencyCode.test(currency) ? currency : 'XXX' };
}

/** Issues of a Money that is added to an account. */
export function amountIssues(money: Money | undefined, expression: string): readonly RefusalIssue[] {
  if (money?.value === undefined || Math.abs(money.value) <= amountMax) return [];
  return [issue('value', expression, `The amount must be from -${amountMax} to ${amountMax}.`)];
}

/** @throws Reject SUM_TOO_LARGE if the sum is too large to be exact */
export function sumOf(units: readonly number[], expression: string): number {
  let sum = 0;
  for (const one of units) sum += one;
  if (Number.isSafeInteger(sum)) return sum;
  throw reject('SUM_TOO_LARGE', 'the account would hold more than can be counted', { expression });
}

/**
 * Counter of what a patient owes, per currency: it grows by what is billed and shrinks by what is paid. A merge leaves
 * the counters as they are, because an operation that writes must not read a range of keys. Whoever shows a balance
 * adds up those of all merged patients.
 */
export function balanceCounter(patient: string, currency: string): string {
  return `balance:${patient}:${currency}`;
}

/** The key that a change of a patient's balance declares. */
export function balanceKeys(
  patient: string | undefined,
  amount: Amount | undefined,
  changeId: string,
): readonly DeclaredKey[] {
  if (patient === undefined || amount === undefined) return [];
  return [{ key: balanceKey(patient, amount.currency, changeId), mode: 'delta' }];
}

/**
 * What one change adds to balances: one delta for each patient and currency. A balance is only displayed and no
 * decision reads it, so concurrent changes never conflict.
 */
export class BalanceChange {
  readonly #moves = new Map<
    string,
    { readonly patient: string; readonly currency: string; readonly units: number[] }
  >();

  /** Without a patient there is no balance to change. */
  add(patient: string | undefined, { units, currency }: Amount): void {
    if (patient === undefined) return;
    const name = balanceCounter(patient, currency);
    const known = this.#moves.get(name);
    if (known === undefined) this.#moves.set(name, { patient, currency, units: [units] });
    else known.units.push(units);
  }

  /**
   * Writes the deltas that are not zero.
   * @throws Reject SUM_TOO_LARGE
   */
  write(state: State, changeId: string, expression: string): void {
    for (const { patient, currency, units } of this.#moves.values()) {
      const sum = sumOf(units, expression);
      if (sum !== 0) state.put(balanceKey(patient, currency, changeId), encodeCounterDelta(sum));
    }
  }
}

function balanceKey(patient: string, currency: string, changeId: string): StateKey {
  return counterDeltaKey(balanceCounter(patient, currency), changeId);
}
