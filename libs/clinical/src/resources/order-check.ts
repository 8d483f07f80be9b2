import type { State } from '@medrex/execute-batch';
import { reject } from '../contract/rejects.ts';
import type { CodedFields } from '../contract/resource-module.ts';
import { findSubstance, interactionsOf, substancesOf, type DrugKnowledge } from './drug-knowledge.ts';
import { activeAllergies, activeOrders, type CodedLine } from './patient-list.ts';

/** An order and what it is checked with. */
export interface OrderCheck {
  readonly knowledge: DrugKnowledge;
  readonly state: State;
  readonly patient: string;
  readonly id: string;
  /** All known codes of the ordered medicine. */
  readonly codes: readonly string[];
  readonly spend: (units: number) => void;
}

/** Warnings for an order that is accepted, by code. */
export const orderWarnings = {
  MEDICINE_WITHOUT_CODE: 'The medicine has no known code, so it could not be checked.',
  WATCHED_INTERACTION: 'The medicine may be given together with an active order only under observation.',
} as const;

/** Maximum of warnings for one order. Senders read only the first ones, and all are kept on the ledger. */
const warningsMax = 10;
const expression = 'MedicationRequest.medication';

/**
 * Checks an order against the patient's active allergies and other active orders.
 * @returns warnings for the sender
 * @throws Reject ALLERGY, INTERACTION
 */
export async function checkOrder(check: OrderCheck): Promise<readonly CodedFields[]> {
  const { knowledge, state, patient, id, codes, spend } = check;
  const allergies = await activeAllergies.read(state, patient);
  const others = (await activeOrders.read(state, patient)).filter((order) => order.id !== id);
  spend(allergies.length + others.length);
  // A medicine without a code, or a Medication that is not on the ledger, cannot be checked. The warning asks a person
  // to do it.
  if (codes.every((code) => code.startsWith('Medication/'))) return [{ code: 'MEDICINE_WITHOUT_CODE' }];
  const ordered = substancesOf(knowledge, codes);
  checkAllergies(knowledge, ordered, allergies);
  return checkInteractions(knowledge, ordered, others).slice(0, warningsMax);
}

function checkAllergies(knowledge: DrugKnowledge, ordered: ReadonlySet<string>, allergies: readonly CodedLine[]): void {
  for (const { id, codes } of allergies) {
    const substance = findSubstance(knowledge, codes, (one) => ordered.has(one));
    if (substance === undefined) continue;
    const what = 'the patient has an active allergy to this medicine';
    throw reject('ALLERGY', `${what}; choose another, or name the DetectedIssue that was decided on`, {
      expression,
      allergy: id,
      substance,
    });
  }
}

function checkInteractions(
  knowledge: DrugKnowledge,
  ordered: ReadonlySet<string>,
  others: readonly CodedLine[],
): readonly CodedFields[] {
  const contraindicated = interactionsOf(knowledge.contraindicated, ordered);
  const watched = interactionsOf(knowledge.watched, ordered);
  // Most medicines interact with nothing.
  if (contraindicated.size === 0 && watched.size === 0) return [];
  const warnings: CodedFields[] = [];
  for (const { id, codes } of others) {
    const pair = pairWith(contraindicated, knowledge, codes);
    if (pair !== undefined) {
      const what = `${pair.join(' and ')} must not be given together`;
      throw reject('INTERACTION', `${what}; end the active order, or name the DetectedIssue that was decided on`, {
        expression,
        order: id,
        pair,
      });
    }
    const watchedPair = pairWith(watched, knowledge, codes);
    if (watchedPair !== undefined) warnings.push({ code: 'WATCHED_INTERACTION', order: id, pair: watchedPair });
  }
  return warnings;
}

function pairWith(
  interactions: ReadonlyMap<string, readonly [string, string]>,
  knowledge: DrugKnowledge,
  codes: readonly string[],
): readonly [string, string] | undefined {
  const found = findSubstance(knowledge, codes, (one) => interactions.has(one));
  return found === undefined ? undefined : interactions.get(found);
}
