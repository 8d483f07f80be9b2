import type { State } from '@medrex/execute-batch';
import { stateKey, type StateKey } from '@medrex/keys';
import { readHead } from '../contract/record.ts';
import { reject } from '../contract/rejects.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import { isActiveOrder, type OrderHead } from './medication-request.ts';

/** A dose that begins: its order and its patient. */
export interface BeginningDose {
  readonly order: string;
  readonly patient: string | undefined;
  /** The patient that messages about a patient apply to. */
  readonly survivor: (patient: string) => Promise<string>;
}

const expression = 'MedicationAdministration.request';

/** Key of the number of doses given on an order. */
export function givenKey(order: string): StateKey {
  return stateKey('clinical', 'given', order);
}

/**
 * Checks that a dose may be given on an order now.
 * @throws Reject ORDER_NOT_ACTIVE, WRONG_PATIENT
 */
export async function checkGivable(state: State, { order, patient, survivor }: BeginningDose): Promise<void> {
  const head = await readHead(state, 'clinical', 'MedicationRequest', order);
  // A deleted order has no status.
  if (head === undefined || !isActiveOrder(head.facts as OrderHead))
    throw reject('ORDER_NOT_ACTIVE', 'the order is not active; no dose can be given on it', { expression });
  if (head.patient === undefined || patient === undefined || head.patient === patient) return;
  if ((await survivor(head.patient)) === patient) return;
  throw reject('WRONG_PATIENT', 'the order is for another patient; check who the dose was given to', { expression });
}

/** Adds to the number of doses given on an order, and returns it. */
export async function countDose(state: State, order: string, by: number, time: string): Promise<number> {
  const count = await readJson(state, givenKey(order));
  const doses = Number(count?.['doses'] ?? 0) + by;
  if (by !== 0) writeJson(state, givenKey(order), { doses, last: time });
  return doses;
}
