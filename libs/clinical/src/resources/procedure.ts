import { codesOf } from '../fhir/codes.ts';
import type { CodeableConcept, Period, Reference } from '../fhir/datatypes.ts';
import { periodIssues } from '../fhir/periods.ts';
import { statusRecord } from './status-record.ts';

interface Procedure {
  readonly status?: string;
  readonly code?: CodeableConcept;
  readonly encounter?: Reference;
  readonly performedDateTime?: string;
  readonly performedPeriod?: Period;
}

// https://hl7.org/fhir/R4/valueset-event-status.html
const open = [
  'preparation',
  'in-progress',
  'not-done',
  'on-hold',
  'stopped',
  'completed',
  'entered-in-error',
  'unknown',
];

/** Procedures on patients. One that has ended stays ended. */
export const procedure = statusRecord({
  type: 'Procedure',
  element: 'Procedure.status',
  rule: {
    preparation: open,
    'in-progress': open.filter((status) => status !== 'preparation' && status !== 'not-done'),
    'on-hold': open.filter((status) => status !== 'preparation'),
    'not-done': ['entered-in-error'],
    stopped: ['entered-in-error'],
    completed: ['entered-in-error'],
    'entered-in-error': [],
  },
  check: (resource) => periodIssues((resource as Procedure).performedPeriod, 'Procedure.performed'),
  facts: (resource, references) => {
    const { status, code, encounter, performedDateTime, performedPeriod } = resource as Procedure;
    return {
      status,
      codes: codesOf(code),
      encounter: references.id(encounter),
      start: performedDateTime ?? performedPeriod?.start,
      end: performedPeriod?.end,
    };
  },
});
