import { clinicalRejects, orderWarnings } from '@medrex/clinical';
import type { OperationOutcome as Outcome } from '@medrex/contracts';
import { authorRejects } from '@medrex/execute-batch';
import type { ItemResult } from '../message-result.ts';
import type { Problem } from '../problem.ts';
import type { Ended } from '../waiting-room.ts';
import { errorCodeSystem, informationOutcome, operationOutcome, type OperationOutcome } from './operation-outcome.ts';

/** The FHIR REST response of one interaction: status, headers and outcome. */
export interface EntryResponse {
  readonly status: number;
  /** Relative to the server's base, with the version. */
  readonly location?: string;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly outcome?: OperationOutcome;
  /** Warnings about an interaction that was applied. */
  readonly warnings?: OperationOutcome['issue'];
  /** True when the resource was stored as it was sent. */
  readonly isEcho?: boolean;
}

const statusOfOutcome: Readonly<Record<string, number>> = {
  created: 201,
  updated: 200,
  existing: 200,
  deleted: 204,
  nothing: 204,
};

/** The reference chosen by the sender for an entry, by the place of the entry in the operation. */
export type ChosenReference = (place: number) => string | undefined;

/**
 * The responses of a terminal operation: one for each applied entry, or the one error that stopped it. A resource that was PUT is
 * answered with the id chosen by the sender, although the ledger has another id for it; both name the resource.
 */
export function endedResponses({ outcome, committedAtMs }: Ended, chosen: ChosenReference): readonly EntryResponse[] {
  if (outcome.status !== 'applied') {
    return [{ status: statusOfFailure(outcome), outcome: operationOutcome([failureProblem(outcome)]) }];
  }
  const entries = Array.isArray(outcome.detail) ? (outcome.detail as readonly unknown[]) : [];
  return entries.map((entry, place) => appliedResponse(entry, chosen(place), new Date(committedAtMs).toISOString()));
}

/** The response of a refused item. */
export function refusedResponse({ problem }: Extract<ItemResult, { readonly kind: 'refused' }>): EntryResponse {
  return { status: problem.status, outcome: operationOutcome([problem]) };
}

/** The OperationOutcome of an applied entry: its warnings and its location. */
export function appliedOutcome({ location, warnings = [] }: EntryResponse): OperationOutcome {
  const information = informationOutcome('informational', `Done: ${location ?? 'nothing had to change'}.`);
  return { ...information, issue: [...warnings, ...information.issue] };
}

/** The result of one entry, as the contract returns it. */
interface EntryResult {
  readonly reference?: string;
  readonly did?: string;
  readonly version?: number;
  readonly warnings?: readonly { readonly code: string }[];
}

function appliedResponse(result: unknown, chosen: string | undefined, lastModified: string): EntryResponse {
  const { reference, did = '', version, warnings } = result as EntryResult;
  const name = chosen ?? reference;
  const status = statusOfOutcome[did] ?? 200;
  if (name === undefined || status === 204) return { status };
  if (version === undefined) return { status, location: name };
  const isEcho = did === 'created' || did === 'updated';
  return {
    status,
    location: `${name}/_history/${version}`,
    etag: `W/"${version}"`,
    isEcho,
    // For a resource that existed already, the ledger does not return its time.
    ...(isEcho && { lastModified }),
    ...(warnings !== undefined && { warnings: warnings.map(warningIssue) }),
  };
}

/** A warning of the contract as a FHIR issue, with its coded details. */
function warningIssue(warning: { readonly code: string }): OperationOutcome['issue'][number] {
  const { code, ...particulars } = warning;
  const meaning = Object.hasOwn(orderWarnings, code) ? orderWarnings[code as keyof typeof orderWarnings] : code;
  return {
    severity: 'warning',
    code: 'business-rule',
    details: { coding: [{ system: errorCodeSystem, code }], text: meaning },
    ...(Object.keys(particulars).length > 0 && { diagnostics: JSON.stringify(particulars) }),
  };
}

/** HTTP status of a rejected or dead operation. */
export function statusOfFailure({ status, code }: Pick<Outcome, 'status' | 'code'>): number {
  if (status === 'dead') return code === 'EXPIRED' ? 504 : 500;
  return rejectOf(code)?.status ?? (code === 'ID_REUSED' || code === 'CONTENT_DIFFERS' ? 409 : 422);
}

/** The problem of a rejected or dead operation; the detail of the contract names the element. */
export function failureProblem(outcome: Outcome): Problem {
  const { code, message = '', detail } = outcome;
  const status = statusOfFailure(outcome);
  const known = rejectOf(code);
  const expression = expressionIn(detail);
  const issue =
    known?.issue ??
    (status === 504 ? 'timeout' : status >= 500 ? 'exception' : status === 409 ? 'conflict' : 'business-rule');
  return {
    code,
    status,
    title: known?.meaning ?? 'The ledger did not apply the operation.',
    detail: message === '' ? (known?.meaning ?? code) : message,
    remedy:
      known?.remedy ??
      (outcome.status === 'dead'
        ? 'The operation is dead and will not run again; `medrex dlq show` tells why, `medrex dlq resend` sends it again.'
        : 'Correct the resource and send it as a new message.'),
    issues: [
      {
        severity: 'error',
        code: issue,
        diagnostics: message === '' ? (known?.meaning ?? code) : message,
        ...(expression !== undefined && { expression }),
      },
    ],
  };
}

interface KnownReject {
  readonly status: number;
  readonly issue: string;
  readonly meaning: string;
  readonly remedy?: string;
}

const knownRejects: Readonly<Record<string, KnownReject>> = { ...clinicalRejects, ...authorRejects };

function rejectOf(code: string): KnownReject | undefined {
  return Object.hasOwn(knownRejects, code) ? knownRejects[code] : undefined;
}

function expressionIn(detail: unknown): string | undefined {
  const expression =
    typeof detail === 'object' && detail !== null && 'expression' in detail ? detail.expression : undefined;
  return typeof expression === 'string' ? expression : undefined;
}
