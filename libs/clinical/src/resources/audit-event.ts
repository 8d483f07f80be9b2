import { appendOnlyKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { ResourceModule } from '../contract/resource-module.ts';

type AuditFacts = { readonly action?: string; readonly outcome?: string; readonly recorded?: string };
type AuditEntity = { readonly what?: { readonly reference?: string } };

/** The audit trail: written once, never changed and never deleted; the contract refuses both. */
export const auditEvent: ResourceModule<AuditFacts> = {
  type: 'AuditEvent',
  class: 'audit',
  space: 'audit',
  templateVersion: 1,
  lines: [
    {
      key: 'aud~event~a~<patient>~<event>',
      mode: 'append',
      when: 'always',
      why: 'the record itself, under its patient',
    },
  ],
  patients: (resource, references) => {
    const entities = (resource['entity'] ?? []) as readonly AuditEntity[];
    return entities.flatMap(({ what }) => (what !== undefined && references.type(what) === 'Patient' ? [what] : []));
  },
  facts: (resource) => {
    const { action, outcome, recorded } = resource as AuditFacts;
    return { action, outcome, recorded };
  },
  recordKey: ({ patient = '', changeId }) =>
    appendOnlyKey({ space: 'audit', entity: 'event', subject: patient, id: changeId }),
  apply: async (_change, _state, { previous }) => {
    if (previous !== undefined) throw refusal();
    return undefined;
  },
  remove: async () => {
    throw refusal();
  },
};

function refusal() {
  return reject('APPEND_ONLY', 'an audit event stays as it was recorded; record another one that corrects it', {
    expression: 'AuditEvent',
  });
}
