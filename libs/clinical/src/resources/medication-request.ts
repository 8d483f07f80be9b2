import type { State } from '@medrex/execute-batch';
import { reject } from '../contract/rejects.ts';
import type { ApplyContext, CodedFields, PatientMerge, ResourceModule } from '../contract/resource-module.ts';
import { codesOf } from '../fhir/codes.ts';
import type { CodeableConcept, Reference } from '../fhir/datatypes.ts';
import { drugKnowledge, pairIn, substancesOf, type DrugKnowledge } from './drug-knowledge.ts';
import { activeAllergies, activeOrders, type ListedResource } from './patient-list.ts';

type OrderFacts = {
  readonly status: string;
  readonly intent?: string;
  /** Codes of the medicine; the id of a referenced Medication stands for one. */
  readonly medicine: readonly string[];
  /** A person decided on an alert: the order names a DetectedIssue. */
  readonly isOverridden?: boolean;
};
type OrderHead = { readonly status: string };

// R4's order states; an order that has ended is not taken up again, another one is written.
const ended: readonly string[] = ['completed', 'cancelled', 'stopped', 'entered-in-error'];

const isOrder = ({ intent }: OrderFacts) => intent !== 'proposal' && intent !== 'plan' && intent !== 'option';
const isActive = (facts: OrderFacts) => facts.status === 'active' && isOrder(facts);

const mergedOrders: PatientMerge = {
  template: (from, into) => [from, into].map((patient) => ({ key: activeOrders.key(patient), mode: 'readWrite' })),
  apply: (from, into, state) => activeOrders.move(state, from, into),
};

/**
 * CPOE: an active order is checked against the patient's active allergies and active orders as they stand at its place in the
 * promised order, and becomes one of them. Orders of two patients never meet.
 */
export function medicationRequestWith(knowledge: DrugKnowledge): ResourceModule<OrderFacts, OrderHead> {
  return {
    type: 'MedicationRequest',
    class: 'cpoe',
    space: 'clinical',
    templateVersion: 1,
    lines: [
      { key: 'cli~allergies~<patient>', mode: 'read', when: 'active', why: 'the allergy check' },
      {
        key: 'cli~orders~<patient>',
        mode: 'readWrite',
        when: 'active, or an update',
        why: 'the interaction check, and the list of active orders',
      },
    ],
    facts: (resource, references) => {
      const { status, intent, medicationCodeableConcept, medicationReference, detectedIssue } = resource as {
        readonly status?: string;
        readonly intent?: string;
        readonly medicationCodeableConcept?: CodeableConcept;
        readonly medicationReference?: Reference;
        readonly detectedIssue?: readonly Reference[];
      };
      const medication = references.id(medicationReference);
      return {
        status: status ?? 'unknown',
        intent,
        medicine: [
          ...codesOf(medicationCodeableConcept),
          ...(medication === undefined ? [] : [`Medication/${medication}`]),
        ],
        ...(detectedIssue !== undefined && detectedIssue.length > 0 ? { isOverridden: true } : {}),
      };
    },
    headFacts: ({ status }) => ({ status }),
    template: ({ action, patient, facts }) => {
      if (patient === undefined) return [];
      const orders = { key: activeOrders.key(patient), mode: 'readWrite' } as const;
      if (isActive(facts)) return [{ key: activeAllergies.key(patient), mode: 'read' }, orders];
      return action === 'update' ? [orders] : [];
    },
    apply: async ({ id, patient, facts, action }, state, context) => {
      const { previous } = context;
      const before = previous === undefined || previous.isDeleted ? undefined : previous.facts.status;
      if (
        before !== undefined &&
        ended.includes(before) &&
        facts.status !== before &&
        facts.status !== 'entered-in-error'
      ) {
        throw reject('STATUS_TRANSITION', `${facts.status} cannot follow ${before}; write another order`, {
          expression: 'MedicationRequest.status',
        });
      }
      if (patient === undefined) return undefined;
      if (!isActive(facts)) {
        if (action === 'update') await activeOrders.remove(state, patient, id);
        return undefined;
      }
      const others = (await activeOrders.read(state, patient)).filter((order) => order.id !== id);
      const warnings =
        facts.isOverridden === true ? [] : await check(knowledge, facts, { state, patient, others, context });
      await activeOrders.put(state, patient, { id, codes: facts.medicine });
      return warnings.length === 0 ? undefined : { warnings };
    },
    remove: async ({ id, patient }, state) => {
      if (patient !== undefined) await activeOrders.remove(state, patient, id);
    },
    merge: mergedOrders,
  };
}

/** The module with the built-in knowledge of medicines. */
export const medicationRequest = medicationRequestWith(drugKnowledge);

interface Standing {
  readonly state: State;
  readonly patient: string;
  readonly others: readonly ListedResource[];
  readonly context: ApplyContext<OrderHead>;
}

/** @throws Reject ALLERGY, INTERACTION; returns what the sender is to be told of. */
async function check(
  knowledge: DrugKnowledge,
  { medicine }: OrderFacts,
  { state, patient, others, context }: Standing,
): Promise<readonly CodedFields[]> {
  const ordered = substancesOf(knowledge, medicine);
  const allergies = await activeAllergies.read(state, patient);
  context.spend(allergies.length + others.length);
  for (const allergy of allergies) {
    const found = [...substancesOf(knowledge, allergy.codes)].find((substance) => ordered.has(substance));
    if (found !== undefined) {
      throw reject(
        'ALLERGY',
        'the patient has an active allergy to this medicine; choose another, or name the DetectedIssue that was decided on',
        {
          expression: 'MedicationRequest.medication',
          allergy: allergy.id,
          substance: found,
        },
      );
    }
  }
  const warnings: CodedFields[] = [];
  for (const order of others) {
    const active = substancesOf(knowledge, order.codes);
    const forbidden = pairIn(knowledge.contraindicated, ordered, active);
    if (forbidden !== undefined) {
      throw reject(
        'INTERACTION',
        `${forbidden.join(' and ')} must not be given together; end the active order, or name the DetectedIssue that was decided on`,
        {
          expression: 'MedicationRequest.medication',
          order: order.id,
          pair: forbidden,
        },
      );
    }
    const watched = pairIn(knowledge.watched, ordered, active);
    if (watched !== undefined) warnings.push({ code: 'WATCHED_INTERACTION', order: order.id, pair: watched });
  }
  return warnings;
}
