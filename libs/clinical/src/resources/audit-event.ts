import { appendOnlyKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { CodedFields, References, ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';

type AuditFacts = { readonly action?: string; readonly outcome?: string; readonly recorded?: string };
type AuditEntity = { readonly what?: Reference };
type Written = Pick<ResourceModule, 'class' | 'space' | 'templateVersion' | 'isWrittenOnce' | 'apply' | 'remove'>;

/** The rules of a type that is never changed or deleted: the contract refuses both. */
function writtenOnce(type: string): Written {
  const refusal = () =>
    reject('APPEND_ONLY', 'it stays as it was recorded; record another one that corrects it', { expression: type });
  return {
    class: 'audit',
    space: 'audit',
    templateVersion: 1,
    isWrittenOnce: true,
    apply: async (_change, _state, { previous }) => {
      if (previous !== undefined) throw refusal();
      return undefined;
    },
    remove: async () => {
      throw refusal();
    },
  };
}

/** The audit trail. Each event is kept under the patient that it is about. */
export const auditEvent: ResourceModule<AuditFacts> = {
  ...writtenOnce('AuditEvent'),
  type: 'AuditEvent',
  lines: [
    {
      key: 'aud~event~a~<patient>~<event>',
      mode: 'append',
      when: 'always',
      why: 'the record, under its patient',
    },
  ],
  patients: (resource, references) => {
    const entities = (resource['entity'] ?? []) as readonly AuditEntity[];
    return patientsAmong(
      entities.map(({ what }) => what),
      references,
    );
  },
  facts: (resource) => {
    const { action, outcome, recorded } = resource as AuditFacts;
    return { action, outcome, recorded };
  },
  recordKey: ({ patient = '', changeId }) =>
    appendOnlyKey({ space: 'audit', entity: 'event', subject: patient, id: changeId }),
};

/** Provenance of records, which is part of the audit trail like the events. */
export const provenance: ResourceModule = {
  ...writtenOnce('Provenance'),
  type: 'Provenance',
  lines: [],
  patients: (resource, references) => patientsAmong(resource['target'] as readonly Reference[], references),
  facts: (resource: FhirResource): CodedFields => ({ recorded: String(resource['recorded']) }),
};

function patientsAmong(
  references: readonly (Reference | undefined)[],
  names: Pick<References, 'type'>,
): readonly Reference[] {
  return references.filter((one) => one !== undefined).filter((one) => names.type(one) === 'Patient');
}
