import type { State } from '@medrex/execute-batch';
import { stateKey, type DeclaredKey, type StateKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { readJson, writeJson } from '../contract/state-json.ts';
import { firstCode } from '../fhir/codes.ts';
import type { CodeableConcept, Reference } from '../fhir/datatypes.ts';

type ConsentFacts = {
  readonly status: string;
  /** What the consent is about: research, patient privacy, treatment. */
  readonly scope: string;
  /** permit or deny. */
  readonly decision?: string;
};

// R4's consent states; a decision that was taken back is not taken up again, another consent is.
const following: Readonly<Record<string, readonly string[]>> = {
  draft: ['draft', 'proposed', 'active', 'rejected', 'entered-in-error'],
  proposed: ['proposed', 'active', 'rejected', 'entered-in-error'],
  active: ['active', 'inactive', 'entered-in-error'],
  rejected: ['rejected', 'entered-in-error'],
  inactive: ['inactive', 'entered-in-error'],
  'entered-in-error': ['entered-in-error'],
};

const inForceKey = (patient: string, scope: string): StateKey => stateKey('clinical', 'consent', patient, scope);

/** Consents: a state machine each, and per patient and scope the one in force, which the last active one in order takes over. */
export const consent: ResourceModule<ConsentFacts, ConsentFacts> = {
  type: 'Consent',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~consent~<patient>~<scope>',
      mode: 'readWrite',
      when: 'about a patient',
      why: 'which consent is in force',
    },
  ],
  patients: (resource) => [resource['patient'] as Reference | undefined],
  facts: (resource) => {
    const { status, scope, provision } = resource as {
      readonly status?: string;
      readonly scope?: CodeableConcept;
      readonly provision?: { readonly type?: string };
    };
    return { status: status ?? 'draft', scope: firstCode(scope) ?? 'none', decision: provision?.type };
  },
  headFacts: (facts) => facts,
  template: ({ patient, facts }): readonly DeclaredKey[] =>
    patient === undefined ? [] : [{ key: inForceKey(patient, facts.scope), mode: 'readWrite' }],
  apply: async ({ id, patient, facts }, state, { previous, time }) => {
    const before = previous === undefined || previous.isDeleted ? undefined : previous.facts;
    if (before !== undefined && following[before.status]?.includes(facts.status) !== true) {
      throw reject('STATUS_TRANSITION', `${facts.status} cannot follow ${before.status}`, {
        expression: 'Consent.status',
      });
    }
    if (patient === undefined) return undefined;
    if (before !== undefined && before.scope !== facts.scope)
      await withdraw(state, inForceKey(patient, before.scope), id);
    const key = inForceKey(patient, facts.scope);
    if (facts.status === 'active') writeJson(state, key, { consent: id, decision: facts.decision, since: time });
    else await withdraw(state, key, id);
    return undefined;
  },
  remove: async ({ id, patient }, state, { previous }) => {
    if (patient !== undefined && previous !== undefined)
      await withdraw(state, inForceKey(patient, previous.facts.scope), id);
  },
};

/** Nothing is in force any more, if it was this one. */
async function withdraw(state: State, key: StateKey, id: string): Promise<void> {
  if ((await readJson(state, key))?.['consent'] === id) state.delete(key);
}
