import { codeAmong, codesOf } from '../fhir/codes.ts';
import type { CodeableConcept } from '../fhir/datatypes.ts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { activeAllergies, listOwner } from './patient-list.ts';
import { checkStatus } from './status-rule.ts';

const clinicalStatuses = ['active', 'inactive', 'resolved'] as const;
const verificationStatuses = ['unconfirmed', 'confirmed', 'refuted', 'entered-in-error'] as const;

type AllergyFacts = {
  readonly clinical?: string;
  readonly verification?: string;
  readonly criticality?: string;
  /** Codes of the allergy and of the substances that the patient reacted to. Orders are checked against all of them. */
  readonly codes: readonly string[];
};
type AllergyHead = { readonly verification?: string };

interface AllergyIntolerance {
  readonly clinicalStatus?: CodeableConcept;
  readonly verificationStatus?: CodeableConcept;
  readonly criticality?: string;
  readonly code?: CodeableConcept;
  readonly reaction?: readonly { readonly substance?: CodeableConcept }[];
}

/**
 * An allergy is active unless it is resolved, refuted or entered in error. A missing status counts as active, since
 * that is safer.
 */
function isActive({ clinical, verification }: AllergyFacts): boolean {
  return (
    (clinical === undefined || clinical === 'active') &&
    verification !== 'refuted' &&
    verification !== 'entered-in-error'
  );
}

/** Allergies and intolerances. A patient's active ones are in one list, which orders are checked against. */
export const allergyIntolerance: ResourceModule<AllergyFacts, AllergyHead> = {
  type: 'AllergyIntolerance',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~allergies~<patient>',
      mode: 'readWrite',
      when: 'active, or an update',
      why: 'the list that orders are checked against',
    },
  ],
  facts: (resource) => {
    const { clinicalStatus, verificationStatus, criticality, code, reaction = [] } = resource as AllergyIntolerance;
    const substances = reaction.flatMap(({ substance }) => codesOf(substance));
    return {
      clinical: codeAmong(clinicalStatus, clinicalStatuses),
      verification: codeAmong(verificationStatus, verificationStatuses),
      criticality,
      codes: [...new Set([...codesOf(code), ...substances])],
    };
  },
  headFacts: ({ verification }) => ({ verification }),
  template: ({ action, patient, facts }) =>
    patient !== undefined && (action === 'update' || isActive(facts))
      ? [{ key: activeAllergies.key(patient), mode: 'readWrite' }]
      : [],
  apply: async ({ id, patient, facts }, state, context) => {
    const { previous } = context;
    const before = previous?.isDeleted === false ? previous.facts.verification : undefined;
    checkStatus({ 'entered-in-error': [] }, 'AllergyIntolerance.verificationStatus', before, facts.verification);
    const line = isActive(facts) ? { id, codes: facts.codes } : undefined;
    await activeAllergies.keep(state, { id, before: await listOwner(context), patient, line });
    return undefined;
  },
  remove: async ({ id, patient }, state) => {
    if (patient !== undefined) await activeAllergies.remove(state, patient, id);
  },
  merge: {
    template: (from, into) => [from, into].map((patient) => ({ key: activeAllergies.key(patient), mode: 'readWrite' })),
    apply: (from, into, state) => activeAllergies.move(state, from, into),
  },
};
