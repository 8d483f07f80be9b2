import type { DeclaredKey } from '@medrex/keys';
import type { PatientMerge, ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import { drugKnowledge, type DrugKnowledge } from './drug-knowledge.ts';
import { knownCodes, medicineKeys, medicineOf, type Medicine } from './medicine.ts';
import { checkOrder } from './order-check.ts';
import { activeAllergies, activeOrders, listOwner } from './patient-list.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';

type OrderFacts = {
  readonly status: string;
  /** Whether it is an order: not a proposal, plan or option, and not an instruction to give nothing. */
  readonly isOrder: boolean;
  readonly medicine: Medicine;
  /** A person overrode an alert: the order names a DetectedIssue. */
  readonly isOverridden?: boolean;
};

/** The facts in the head of an order, for the doses that are given on it. */
export type OrderHead = Pick<OrderFacts, 'status' | 'isOrder'>;

// https://hl7.org/fhir/R4/valueset-medicationrequest-status.html: an order that has ended stays ended; a new one is
// written instead.
const nextStatuses = ['on-hold', 'completed', 'stopped', 'cancelled', 'entered-in-error', 'unknown'];
const statusRule: StatusRule = {
  active: nextStatuses,
  'on-hold': ['active', ...nextStatuses],
  completed: ['entered-in-error'],
  stopped: ['entered-in-error'],
  cancelled: ['entered-in-error'],
  'entered-in-error': [],
};

const proposals: readonly unknown[] = ['proposal', 'plan', 'option'];

/** Whether doses may be given on an order, and other orders are checked against it. */
export function isActiveOrder({ status, isOrder }: OrderHead): boolean {
  return status === 'active' && isOrder;
}

const mergedOrders: PatientMerge = {
  template: (from, into) => [from, into].map((patient) => ({ key: activeOrders.key(patient), mode: 'readWrite' })),
  apply: (from, into, state) => activeOrders.move(state, from, into),
};

/**
 * Orders (CPOE). An active order is checked against the patient's active allergies and active orders as of its place in
 * the promised order, and is then added to the active orders. Orders of different patients have no key in common.
 */
export function medicationRequestWith(knowledge: DrugKnowledge): ResourceModule<OrderFacts, OrderHead> {
  return {
    type: 'MedicationRequest',
    class: 'cpoe',
    space: 'clinical',
    templateVersion: 1,
    decidedOn: ['Medication', 'AllergyIntolerance'],
    lines: [
      {
        key: 'cli~allergies~<patient>',
        mode: 'read',
        when: 'active, unless a person overrode an alert',
        why: 'the allergy check',
      },
      {
        key: 'cli~orders~<patient>',
        mode: 'readWrite',
        when: 'active, or an update',
        why: 'the interaction check, and the list of active orders',
      },
      {
        key: 'cli~res~Medication~<medication>',
        mode: 'read',
        when: 'active, with a reference to a Medication',
        why: 'the codes of what is ordered',
      },
    ],
    facts: (resource, references) => {
      const { status, intent, doNotPerform, detectedIssue = [] } = resource as MedicationRequest;
      return {
        status: status ?? 'unknown',
        isOrder: !proposals.includes(intent) && doNotPerform !== true,
        medicine: medicineOf(resource, references),
        ...(detectedIssue.length > 0 ? { isOverridden: true } : {}),
      };
    },
    headFacts: ({ isOrder, status }) => ({ isOrder, status }),
    template: ({ action, patient, facts }): readonly DeclaredKey[] => {
      if (patient === undefined) return [];
      const orders: DeclaredKey = { key: activeOrders.key(patient), mode: 'readWrite' };
      if (!isActiveOrder(facts)) return action === 'update' ? [orders] : [];
      const keys = [orders, ...medicineKeys(facts.medicine)];
      return facts.isOverridden === true ? keys : [{ key: activeAllergies.key(patient), mode: 'read' }, ...keys];
    },
    apply: async ({ id, patient, facts }, state, context) => {
      const { previous } = context;
      checkStatus(
        statusRule,
        'MedicationRequest.status',
        previous?.isDeleted === false ? previous.facts.status : undefined,
        facts.status,
      );
      const before = await listOwner(context);
      if (patient === undefined || !isActiveOrder(facts)) {
        await activeOrders.keep(state, { id, before, patient, line: undefined });
        return undefined;
      }
      const codes = await knownCodes(state, facts.medicine);
      const warnings =
        facts.isOverridden === true
          ? []
          : await checkOrder({ knowledge, state, patient, id, codes, spend: context.spend });
      await activeOrders.keep(state, { id, before, patient, line: { id, codes } });
      return warnings.length === 0 ? undefined : { warnings };
    },
    remove: async ({ id, patient }, state) => {
      if (patient !== undefined) await activeOrders.remove(state, patient, id);
    },
    merge: mergedOrders,
  };
}

type MedicationRequest = FhirResource & {
  readonly status?: string;
  readonly intent?: string;
  readonly doNotPerform?: boolean;
  readonly detectedIssue?: readonly Reference[];
};

/** The module with the built-in knowledge of medicines. */
export const medicationRequest = medicationRequestWith(drugKnowledge);
