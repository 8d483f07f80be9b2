import { codesOf } from '../fhir/codes.ts';
import type { CodeableConcept, Reference } from '../fhir/datatypes.ts';
import { statusRecord } from './status-record.ts';

interface Immunization {
  readonly status?: string;
  readonly vaccineCode?: CodeableConcept;
  readonly encounter?: Reference;
  readonly occurrenceDateTime?: string;
}

/** Vaccinations, given or not. */
export const immunization = statusRecord({
  type: 'Immunization',
  element: 'Immunization.status',
  rule: { completed: ['entered-in-error'], 'not-done': ['entered-in-error'], 'entered-in-error': [] },
  facts: (resource, references) => {
    const { status, vaccineCode, encounter, occurrenceDateTime } = resource as Immunization;
    return { status, codes: codesOf(vaccineCode), encounter: references.id(encounter), time: occurrenceDateTime };
  },
});
