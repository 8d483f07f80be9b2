import type { RefusalIssue } from '@medrex/contracts';
import { ingestErrors, type IngestErrorCode } from './errors.ts';

/**
 * Why something was not taken, as a value: HTTP makes an RFC 9457 problem body of it, FHIR an OperationOutcome, the intake
 * topics a receipt. It never holds a piece of the message.
 */
export interface Problem {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  /** What happened to what, in this case. */
  readonly detail: string;
  /** What the sender should do. */
  readonly remedy: string;
  readonly retryAfterS?: number;
  readonly issues?: readonly RefusalIssue[];
  /** Limits, first digest and the like: coded particulars that stand beside the standard members. */
  readonly more?: Readonly<Record<string, string | number | boolean | Readonly<Record<string, number>>>>;
}

/** A problem from the table of errors.ts. `extra.detail` says it more exactly than the title. */
export function problem(
  code: IngestErrorCode,
  extra: Partial<Pick<Problem, 'detail' | 'retryAfterS' | 'issues' | 'more' | 'status'>> = {},
): Problem {
  const { meaning, remedy, status } = ingestErrors[code];
  return { code, status, title: meaning, detail: meaning, remedy, ...extra };
}

/** The body of RFC 9457 (application/problem+json). */
export function problemBody(value: Problem): Record<string, unknown> {
  return {
    type: `urn:medrex:problem:${value.code}`,
    title: value.title,
    status: value.status,
    code: value.code,
    detail: value.detail,
    remedy: value.remedy,
    ...(value.retryAfterS === undefined ? {} : { retryAfterSeconds: value.retryAfterS }),
    ...value.more,
    ...(value.issues === undefined || value.issues.length === 0 ? {} : { issues: value.issues }),
  };
}
