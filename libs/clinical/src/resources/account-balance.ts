import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import { counterDeltaKey, encodeCounterDelta, type DeclaredKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { Money } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';

/** An amount as the ledger adds it up: whole ten-thousandths of a currency, so that no sum depends on its order. */
export type Amount = { readonly units: number; readonly currency: string };

const scale = 10_000;
const amountMax = 10_000_000_000;
const currencyCode = /^[A-Z]{3}$/;

/** The amount of a Money; undefined without a value. A currency that is no ISO 4217 code counts as unknown, XXX. */
export function amountOf(money: Money | undefined): Amount | undefined {
  if (money?.value === undefined) return undefined;
  const { value, currency = '' } = money;
  return { units: Math.round(value * scale), currency: currencyCode.test(currency) ? currency : 'XXX' };
}

/** What is wrong with a Money that goes on an account. */
export function amountIssues(money: Money | undefined, expression: string): readonly RefusalIssue[] {
  if (money?.value === undefined || Math.abs(money.value) <= amountMax) return [];
  return [issue('value', expression, `The amount must be from -${amountMax} to ${amountMax}.`)];
}

/** @throws Reject SUM_TOO_LARGE when a sum cannot be exact any more */
export function sumOf(units: readonly number[], expression: string): number {
  let sum = 0;
  for (const one of units) sum += one;
  if (Number.isSafeInteger(sum)) return sum;
  throw reject('SUM_TOO_LARGE', 'the account would hold more than can be counted', { expression });
}

/**
 * Counter of what a patient's accounts owe, per currency: rises by what is billed and falls by what is paid. A merge leaves the counters where they
 * are: reading a range in an operation that writes is out of the question, so whoever shows a balance adds those of all patients who are one.
 */
export function balanceCounter(patient: string, currency: string): string {
  return `balance:${patient}:${currency}`;
}

/** The declaration of a change of a patient's balance. */
export function balanceKeys(
  patient: string | undefined,
  amount: Amount | undefined,
  changeId: string,
): readonly DeclaredKey[] {
  if (patient === undefined || amount === undefined) return [];
  return [{ key: balanceKey(patient, amount.currency, changeId), mode: 'delta' }];
}

/**
 * What one change adds to balances. Those of one patient and currency are one delta: it has one key. A balance is a sum for display:
 * nothing is decided on it, so a thousand changes at once conflict with nothing.
 */
export class BalanceChange {
  readonly #moves = new Map<
    string,
    { readonly patient: string; readonly currency: string; readonly units: number[] }
  >();

  /** An account of an unknown patient does not count. */
  add(patient: string | undefined, { units, currency }: Amount): void {
    if (patient === undefined) return;
    const name = balanceCounter(patient, currency);
    const known = this.#moves.get(name);
    if (known === undefined) this.#moves.set(name, { patient, currency, units: [units] });
    else known.units.push(units);
  }

  /** Writes the deltas; where the sum is zero, nothing. @throws Reject SUM_TOO_LARGE */
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
