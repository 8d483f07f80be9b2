import { codeAmong, codesOf } from '../fhir/codes.ts';
import type { CodeableConcept, Reference } from '../fhir/datatypes.ts';
import { statusRecord } from './status-record.ts';

const clinicalStatuses = ['active', 'recurrence', 'relapse', 'inactive', 'remission', 'resolved'] as const;
const verificationStatuses = [
  'unconfirmed',
  'provisional',
  'differential',
  'confirmed',
  'refuted',
  'entered-in-error',
] as const;

interface Condition {
  readonly clinicalStatus?: CodeableConcept;
  readonly verificationStatus?: CodeableConcept;
  readonly code?: CodeableConcept;
  readonly encounter?: Reference;
  readonly onsetDateTime?: string;
  readonly abatementDateTime?: string;
  readonly recordedDate?: string;
}

/** Problems and diagnoses. A condition may resolve and recur; one entered in error stays so. */
export const condition = statusRecord({
  type: 'Condition',
  element: 'Condition.verificationStatus',
  rule: { 'entered-in-error': [] },
  facts: (resource, references) => {
    const { clinicalStatus, verificationStatus, code, encounter, onsetDateTime, abatementDateTime, recordedDate } =
      resource as Condition;
    return {
      status: codeAmong(verificationStatus, verificationStatuses),
      clinical: codeAmong(clinicalStatus, clinicalStatuses),
      codes: codesOf(code),
      encounter: references.id(encounter),
      onset: onsetDateTime,
      abatement: abatementDateTime,
      recorded: recordedDate,
    };
  },
});
