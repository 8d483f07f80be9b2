import type { RefusalIssue } from '@medrex/contracts';
import { ingestErrors, type IngestErrorCode } from './errors.ts';

/**
 * Why something was refused. HTTP answers it as an RFC 9457 problem, FHIR as an OperationOutcome, the intake topics as a receipt.
 * It never holds a part of the message.
 */
export interface Problem {
  readonly code: string;
  readonly status: number;
  readonly title: string;
  /** What happened to what, in this occurrence. */
  readonly detail: string;
  /** What the sender should do. */
  readonly remedy: string;
  readonly retryAfterS?: number;
  readonly issues?: readonly RefusalIssue[];
  /** Extension members, e.g. limits or the first digest. */
  readonly more?: Readonly<Record<string, string | number | boolean | Readonly<Record<string, number>>>>;
}

/** A problem from the table in errors.ts. `extra.detail` is more specific than its title. */
export function problem(
  code: IngestErrorCode,
  extra: Partial<Pick<Problem, 'detail' | 'retryAfterS' | 'issues' | 'more' | 'status'>> = {},
): Problem {
  const { meaning, remedy, status } = ingestErrors[code];
  return { code, status, title: meaning, detail: meaning, remedy, ...extra };
}

/** The problem as a body of RFC 9457 (application/problem+json). */
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
