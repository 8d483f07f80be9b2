import { type JsonObject, Reject } from '@medrex/execute-batch';

/**
 * A reject code of the clinical contract. `status` is the HTTP status of the answer, `issue` the code in its
 * OperationOutcome.
 */
export interface RejectDescription {
  readonly status: 404 | 409 | 410 | 412 | 422;
  readonly issue: string;
  readonly meaning: string;
}

/** Every reject code of the clinical contract; docs/errors.md lists them. */
export const clinicalRejects = {
  STALE_VERSION: {
    status: 412,
    issue: 'conflict',
    meaning: 'If-Match names a version that is no longer the current one.',
  },
  NOT_FOUND: { status: 404, issue: 'not-found', meaning: 'The resource to change or delete does not exist.' },
  NO_MATCH: { status: 412, issue: 'not-found', meaning: 'A conditional reference matches no resource.' },
  MULTIPLE_MATCHES: {
    status: 412,
    issue: 'multiple-matches',
    meaning: 'A condition or conditional reference matches several resources.',
  },
  LINK_CHAIN_TOO_LONG: {
    status: 422,
    issue: 'too-costly',
    meaning: 'The patient was merged through more than 8 merges.',
  },
  PATIENT_MERGED: {
    status: 409,
    issue: 'conflict',
    meaning: 'The patient to merge into was itself merged away, or both are the same.',
  },
  STATUS_TRANSITION: {
    status: 409,
    issue: 'business-rule',
    meaning: 'The status cannot follow the present status of the record.',
  },
  BED_OCCUPIED: { status: 409, issue: 'conflict', meaning: 'The bed holds another encounter.' },
  WRONG_POINTER: {
    status: 409,
    issue: 'conflict',
    meaning: 'The prior location in the message is not where the encounter is.',
  },
  ALLERGY: {
    status: 409,
    issue: 'business-rule',
    meaning:
      'The patient has an active allergy to the ordered medicine. An order that names a DetectedIssue was decided by a person and passes.',
  },
  INTERACTION: {
    status: 409,
    issue: 'business-rule',
    meaning:
      'The ordered medicine must not be given together with an active order of the patient. An order that names a DetectedIssue passes.',
  },
  ORDER_NOT_ACTIVE: { status: 409, issue: 'business-rule', meaning: 'The administered order is not active.' },
  WRONG_PATIENT: {
    status: 409,
    issue: 'business-rule',
    meaning: 'The administered order, or the answered claim, is of another patient.',
  },
  STOCK_EXHAUSTED: {
    status: 409,
    issue: 'business-rule',
    meaning: 'The stock named by the dose holds less than the dose takes.',
  },
  UNIT_DIFFERS: {
    status: 409,
    issue: 'business-rule',
    meaning: 'The stock has another unit than the delivery or the dose.',
  },
  SLOT_TAKEN: { status: 409, issue: 'conflict', meaning: 'Another appointment holds the slot.' },
  SLOT_UNAVAILABLE: { status: 409, issue: 'business-rule', meaning: 'The slot is not free to be booked.' },
  CLAIM_NOT_ACTIVE: {
    status: 409,
    issue: 'business-rule',
    meaning: 'The answered or paid claim is a draft, cancelled, deleted or entered in error.',
  },
  SUM_TOO_LARGE: {
    status: 422,
    issue: 'too-costly',
    meaning: 'A stock or an account would hold more than can be counted exactly.',
  },
  APPEND_ONLY: { status: 409, issue: 'business-rule', meaning: 'Records of this type are never changed or deleted.' },
  LIST_FULL: { status: 422, issue: 'too-costly', meaning: 'A list kept for one patient has reached its limit.' },
} as const satisfies Record<string, RejectDescription>;
export type ClinicalReject = keyof typeof clinicalRejects;

/**
 * A reject of the clinical contract.
 * @param message what happened; never quotes text or identifiers of the sender
 * @param detail `expression` is relative to the resource: `Encounter.location`
 */
export function reject(code: ClinicalReject, message: string, detail?: JsonObject): Reject {
  return new Reject(code, message, detail);
}
