import { encodeTime, type DeclaredKey } from '@medrex/keys';
import type { ResourceModule } from '../contract/resource-module.ts';
import { firstCode } from '../fhir/codes.ts';
import type { CodeableConcept, FhirResource, Reference } from '../fhir/datatypes.ts';
import { patientList, listOwner, type ListLine } from './patient-list.ts';
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
  /** Time of the operation that made the decision. */
  readonly since: string;
};

type Consent = FhirResource & {
  readonly status?: string;
  readonly scope?: CodeableConcept;
  readonly provision?: { readonly type?: string };
};

// https://hl7.org/fhir/R4/valueset-consent-state-codes.html: a withdrawn consent stays so; a new one is recorded
// instead.
const statusRule: StatusRule = {
  active: ['inactive', 'entered-in-error'],
  inactive: ['entered-in-error'],
  rejected: ['entered-in-error'],
  'entered-in-error': [],
};

/**
 * The patient's active consents, in the order in which they were decided. The last one with a given scope is in force.
 * When it is withdrawn, the one before it is in force again.
 */
export const activeConsents = patientList<ConsentLine>('consents', (one, other) => {
  const [earlier, later] = [encodeTime(one.since), encodeTime(other.since)];
  if (earlier === later) return 0;
  return earlier < later ? -1 : 1;
});

/** Consents, with a status rule, and a list of each patient's active ones. */
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
    checkStatus(statusRule, 'Consent.status', before?.status, facts.status);
    const listedUnder = await listOwner(context);
    // A repeated decision keeps its position and time. A changed one moves to the end.
    if (before !== undefined && isSame(before, facts) && listedUnder === patient) return undefined;
    if (listedUnder !== undefined) await activeConsents.remove(state, listedUnder, id);
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
