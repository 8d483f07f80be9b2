import type { State } from '@medrex/execute-batch';
import { counterDeltaKey, encodeCounterDelta, type DeclaredKey, type StateKey } from '@medrex/keys';
import type { Money } from '../fhir/datatypes.ts';

/** An amount as the ledger adds it up: whole ten-thousandths of a currency, so that no sum depends on its order. */
export type Amount = { readonly units: number; readonly currency: string };

const scale = 10_000;
const currencyCode = /^[A-Z]{3}$/;

/** The amount of a Money; undefined without a value. A currency that is no ISO 4217 code counts as unknown, XXX. */
export function amountOf(money: Money | undefined): Amount | undefined {
  if (money?.value === undefined) return undefined;
  const { value, currency = '' } = money;
  return { units: Math.round(value * scale), currency: currencyCode.test(currency) ? currency : 'XXX' };
}

/** Counter of what a patient's account owes, per currency: rises by what is billed and falls by what is paid. */
export function balanceCounter(patient: string, currency: string): string {
  return `balance:${patient}:${currency}`;
}

/** Key of one change of a balance. A sum for display: nothing is decided on it, so a thousand changes at once conflict with nothing. */
export function balanceKey(patient: string, { currency }: Amount, changeId: string): StateKey {
  return counterDeltaKey(balanceCounter(patient, currency), changeId);
}

/** The declaration of a change of a balance. */
export function balanceKeys(
  patient: string | undefined,
  amount: Amount | undefined,
  changeId: string,
): readonly DeclaredKey[] {
  if (patient === undefined || amount === undefined) return [];
  return [{ key: balanceKey(patient, amount, changeId), mode: 'delta' }];
}

/** Notes a change of the balance; of zero, nothing. */
export function changeBalance(state: State, patient: string | undefined, amount: Amount, changeId: string): void {
  if (patient === undefined || amount.units === 0) return;
  state.put(balanceKey(patient, amount, changeId), encodeCounterDelta(amount.units));
}

/** The same amount with the other sign. */
export function negated({ units, currency }: Amount): Amount {
  return { units: -units, currency };
}
