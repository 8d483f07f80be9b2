import type { Refusal, RefusalIssue } from '@medrex/contracts';
import { issue } from '../fhir/issues.ts';

/** Every refusal code of the clinical intake; docs/errors.md lists them. */
export const clinicalRefusals = {
  INVALID_BODY: { status: 400, meaning: 'The body is not a FHIR resource.' },
  INVALID_REQUEST: { status: 400, meaning: 'Method, URL or conditions do not fit the resource.' },
  INVALID_RESOURCE: { status: 422, meaning: 'The resource breaks a rule of FHIR R4.' },
  INVALID_BUNDLE: {
    status: 422,
    meaning: 'The Bundle contradicts itself: repeated or missing full URLs, references that lead nowhere.',
  },
  UNSUPPORTED: { status: 422, meaning: 'FHIR defines this, but this server does not support it.' },
  UNSUPPORTED_MEDIA_TYPE: { status: 415, meaning: 'The body is not FHIR R4 as JSON.' },
  TOO_MANY_ENTRIES: { status: 413, meaning: 'The Bundle has more entries than the limit.' },
  TOO_LARGE: { status: 413, meaning: 'The operation has more bytes than the limit.' },
  PATIENT_ERASING: { status: 409, meaning: 'This patient is being erased.' },
} as const satisfies Record<string, { readonly status: Refusal['status']; readonly meaning: string }>;
export type ClinicalRefusal = keyof typeof clinicalRefusals;

/** Why an item, or a part of it, is refused. */
export interface Problem {
  readonly code: ClinicalRefusal;
  readonly issues: readonly RefusalIssue[];
}

/** A value, or why there is none. */
export type Read<Value> = { readonly value: Value; readonly problem?: undefined } | { readonly problem: Problem };

/** A problem with one issue. `issueCode` is the FHIR issue type. */
export function problem(code: ClinicalRefusal, issueCode: string, expression: string, diagnostics: string): Problem {
  return { code, issues: [issue(issueCode, expression, diagnostics)] };
}

/** The refusal of an item. */
export function refusalOf(item: number, { code, issues }: Problem): Refusal {
  return { item, code, status: clinicalRefusals[code].status, issues };
}
