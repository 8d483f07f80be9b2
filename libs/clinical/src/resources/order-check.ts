import type { State } from '@medrex/execute-batch';
import { reject } from '../contract/rejects.ts';
import type { CodedFields } from '../contract/resource-module.ts';
import { findSubstance, opponentsOf, substancesOf, type DrugKnowledge } from './drug-knowledge.ts';
import { activeAllergies, activeOrders, type CodedLine } from './patient-list.ts';

/** An order, and what it is checked with. */
export interface OrderCheck {
  readonly knowledge: DrugKnowledge;
  readonly state: State;
  readonly patient: string;
  readonly id: string;
  /** Everything that is known of what is ordered. */
  readonly codes: readonly string[];
  readonly spend: (units: number) => void;
}

/** What an order that passed may still warn of, by its code. */
export const orderWarnings = {
  MEDICINE_WITHOUT_CODE: 'The medicine has no code that is known here: it was checked against nothing.',
  WATCHED_INTERACTION: 'It is given together with an active order under watch only.',
} as const;

/** The sender is told of so many at most: it reads the first few, and they stand on the ledger for good. */
const warningsMax = 10;
const expression = 'MedicationRequest.medication';

/**
 * Checks an order against the patient's active allergies and the other active orders.
 *
 * @returns what the sender is to be told of
 * @throws Reject ALLERGY, INTERACTION
 */
export async function checkOrder(check: OrderCheck): Promise<readonly CodedFields[]> {
  const { knowledge, state, patient, id, codes, spend } = check;
  const allergies = await activeAllergies.read(state, patient);
  const others = (await activeOrders.read(state, patient)).filter((order) => order.id !== id);
  spend(allergies.length + others.length);
  // What has no code, or is a Medication that the ledger never saw, can be checked against nothing: whoever ordered it has to look.
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
  const forbidden = opponentsOf(knowledge.contraindicated, ordered);
  const watched = opponentsOf(knowledge.watched, ordered);
  // Most medicines have no opponent at all.
  if (forbidden.size === 0 && watched.size === 0) return [];
  const warnings: CodedFields[] = [];
  for (const { id, codes } of others) {
    const pair = pairWith(forbidden, knowledge, codes);
    if (pair !== undefined) {
      const what = `${pair.join(' and ')} must not be given together`;
      throw reject('INTERACTION', `${what}; end the active order, or name the DetectedIssue that was decided on`, {
        expression,
        order: id,
        pair,
      });
    }
    const seen = pairWith(watched, knowledge, codes);
    if (seen !== undefined) warnings.push({ code: 'WATCHED_INTERACTION', order: id, pair: seen });
  }
  return warnings;
}

function pairWith(
  opponents: ReadonlyMap<string, readonly [string, string]>,
  knowledge: DrugKnowledge,
  codes: readonly string[],
): readonly [string, string] | undefined {
  const found = findSubstance(knowledge, codes, (one) => opponents.has(one));
  return found === undefined ? undefined : opponents.get(found);
}
