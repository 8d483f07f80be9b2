import { parseStateValue } from '@medrex/execute-batch';
import { counterRange, readCounter } from '@medrex/keys';
import { knownId } from '../intake/resource-ids.ts';
import { patientIdSystem } from '../intake/patient-identifiers.ts';
import { balanceCounter } from '../resources/account-balance.ts';
import { stockKey } from '../resources/stock.ts';
import { rxnorm, type KnownMedicine } from './medication-resources.ts';
import type { Clinic } from './clinic.ts';

/** The pseudonym of the patient that senders call `Patient/id`. */
export function pseudonymOf(clinic: Clinic, id: string): string {
  const pseudonym = clinic.context.pseudonymOf([{ system: patientIdSystem, value: id }]);
  if (pseudonym === undefined) throw new Error(`no message has referred to Patient/${id} yet`);
  return pseudonym;
}

/** What a patient owes according to the counters, in units of the currency. */
export function balanceOf(clinic: Clinic, patient: string, currency = 'USD'): number {
  const { start, end } = counterRange(balanceCounter(pseudonymOf(clinic, patient), currency));
  const listed = [...clinic.state].flatMap(([key, value]) => (key >= start && key < end ? [{ key, value }] : []));
  return readCounter(listed).value / 10_000;
}

/** The stock of a medicine at a location; 0 if there is none. */
export function heldAt(clinic: Clinic, location: string, medicine: KnownMedicine = 'acetaminophen'): number {
  const key = stockKey({
    location: knownId(clinic.context, 'Location', location),
    medicine: `rxnorm:${rxnorm[medicine]}`,
  });
  return Number(parseStateValue(clinic.state.get(key))?.['held'] ?? 0) / 1000;
}
