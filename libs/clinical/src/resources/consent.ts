import { encodeTime, type DeclaredKey } from '@medrex/keys';
import type { ResourceModule } from '../contract/resource-module.ts';
import { firstCode } from '../fhir/codes.ts';
import type { CodeableConcept, FhirResource, Reference } from '../fhir/datatypes.ts';
import { patientList, standsWith, type ListLine } from './patient-list.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';

type ConsentFacts = {
  readonly status: string;
  /** What the consent is about: research, patient privacy, treatment. */
  readonly scope: string;
  /** permit or deny. */
  readonly decision?: string;
};

type ConsentLine = ListLine & {
  readonly scope: string;
  readonly decision?: string;
  /** Time of the operation that decided so. */
  readonly since: string;
};

type Consent = FhirResource & {
  readonly status?: string;
  readonly scope?: CodeableConcept;
  readonly provision?: { readonly type?: string };
};

// https://hl7.org/fhir/R4/valueset-consent-state-codes.html: a decision that was taken back is not taken up again, another consent is.
const rule: StatusRule = {
  active: ['inactive', 'entered-in-error'],
  inactive: ['entered-in-error'],
  rejected: ['entered-in-error'],
  'entered-in-error': [],
};

/**
 * The patient's active consents, in the order in which they were decided. Of those with one scope the last one is in force; when it is
 * withdrawn, the one before it is again.
 */
export const activeConsents = patientList<ConsentLine>('consents', (one, other) => {
  const [earlier, later] = [encodeTime(one.since), encodeTime(other.since)];
  if (earlier === later) return 0;
  return earlier < later ? -1 : 1;
});

/** Consents: a state machine each, and per patient the list of those that are active. */
export const consent: ResourceModule<ConsentFacts, ConsentFacts> = {
  type: 'Consent',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~consents~<patient>',
      mode: 'readWrite',
      when: 'active, or an update',
      why: 'which consents are in force',
    },
  ],
  patients: (resource) => [resource['patient'] as Reference | undefined],
  facts: (resource) => {
    const { status, scope, provision } = resource as Consent;
    return { status: status ?? 'draft', scope: firstCode(scope) ?? 'none', decision: provision?.type };
  },
  headFacts: (facts) => facts,
  template: ({ action, patient, facts }): readonly DeclaredKey[] =>
    patient !== undefined && (action === 'update' || facts.status === 'active')
      ? [{ key: activeConsents.key(patient), mode: 'readWrite' }]
      : [],
  apply: async ({ id, patient, facts }, state, context) => {
    const before = context.previous?.isDeleted === false ? context.previous.facts : undefined;
    checkStatus(rule, 'Consent.status', before?.status, facts.status);
    const stood = await standsWith(context);
    // Said again, a decision keeps its place and its time; another one stands behind all that were made before it.
    if (before !== undefined && isSame(before, facts) && stood === patient) return undefined;
    if (stood !== undefined) await activeConsents.remove(state, stood, id);
    const { status, scope, decision } = facts;
    const line = status === 'active' ? { id, scope, decision, since: context.time } : undefined;
    await activeConsents.keep(state, { id, before: undefined, patient, line });
    return undefined;
  },
  remove: async ({ id, patient }, state) => {
    if (patient !== undefined) await activeConsents.remove(state, patient, id);
  },
  merge: {
    template: (from, into) => [from, into].map((patient) => ({ key: activeConsents.key(patient), mode: 'readWrite' })),
    apply: (from, into, state) => activeConsents.move(state, from, into),
  },
};

function isSame(one: ConsentFacts, other: ConsentFacts): boolean {
  return one.status === other.status && one.scope === other.scope && one.decision === other.decision;
}
