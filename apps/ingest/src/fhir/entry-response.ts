import { clinicalRejects, orderWarnings } from '@medrex/clinical';
import type { OperationOutcome as Outcome } from '@medrex/contracts';
import { authorRejects } from '@medrex/execute-batch';
import type { ItemResult } from '../message-result.ts';
import type { Problem } from '../problem.ts';
import type { Ended } from '../waiting-room.ts';
import { errorCodeSystem, informationOutcome, operationOutcome, type OperationOutcome } from './operation-outcome.ts';

/** What FHIR's REST says of one interaction: status line, headers, and what went wrong. */
export interface EntryResponse {
  readonly status: number;
  /** Relative to the server's base, with the version. */
  readonly location?: string;
  readonly etag?: string;
  readonly lastModified?: string;
  readonly outcome?: OperationOutcome;
  /** What the sender should look at although it was applied. */
  readonly warnings?: OperationOutcome['issue'];
  /** The resource now stands as it was sent. */
  readonly isEcho?: boolean;
}

const statusOfDeed: Readonly<Record<string, number>> = {
  created: 201,
  updated: 200,
  existing: 200,
  deleted: 204,
  nothing: 204,
};

/** The reference that the sender itself chose for an entry, by the entry's place in the operation. */
export type ChosenReference = (place: number) => string | undefined;

/**
 * The responses of an operation that ended: one for each entry that it applied, or the one error that stopped it. A resource
 * put under an id of the sender's choice is told by that id, though the ledger knows it by another one: both name it.
 */
export function endedResponses({ outcome, committedAtMs }: Ended, chosen: ChosenReference): readonly EntryResponse[] {
  if (outcome.status !== 'applied') {
    return [{ status: statusOfEnd(outcome), outcome: operationOutcome([endProblem(outcome)]) }];
  }
  const deeds = Array.isArray(outcome.detail) ? (outcome.detail as readonly unknown[]) : [];
  return deeds.map((deed, place) => deedResponse(deed, chosen(place), new Date(committedAtMs).toISOString()));
}

/** The response of an item that never became an operation. */
export function refusedResponse({ problem }: Extract<ItemResult, { readonly kind: 'refused' }>): EntryResponse {
  return { status: problem.status, outcome: operationOutcome([problem]) };
}

/** What an entry that was applied came to, in words: what its sender should look at first. */
export function doneOutcome({ location, warnings = [] }: EntryResponse): OperationOutcome {
  const done = informationOutcome('informational', `Done: ${location ?? 'nothing had to change'}.`);
  return { ...done, issue: [...warnings, ...done.issue] };
}

/** What the contract tells of one entry. */
interface Deed {
  readonly reference?: string;
  readonly did?: string;
  readonly version?: number;
  readonly warnings?: readonly { readonly code: string }[];
}

function deedResponse(told: unknown, chosen: string | undefined, lastModified: string): EntryResponse {
  const { reference, did = '', version, warnings } = told as Deed;
  const name = chosen ?? reference;
  const status = statusOfDeed[did] ?? 200;
  if (name === undefined || status === 204) return { status };
  if (version === undefined) return { status, location: name };
  const isEcho = did === 'created' || did === 'updated';
  return {
    status,
    location: `${name}/_history/${version}`,
    etag: `W/"${version}"`,
    isEcho,
    // When what was there already came to be, the ledger did not tell.
    ...(isEcho && { lastModified }),
    ...(warnings !== undefined && { warnings: warnings.map(warningIssue) }),
  };
}

/** A warning of the contract in FHIR's words, with the coded particulars that it gave. */
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

/** HTTP status of an operation that was rejected or closed. */
export function statusOfEnd({ status, code }: Pick<Outcome, 'status' | 'code'>): number {
  if (status === 'dead') return code === 'EXPIRED' ? 504 : 500;
  return rejectOf(code)?.status ?? (code === 'ID_REUSED' || code === 'CONTENT_DIFFERS' ? 409 : 422);
}

/** A rejection or closing in the terms of every other problem; the contract's detail names the element. */
export function endProblem(outcome: Outcome): Problem {
  const { code, message = '', detail } = outcome;
  const status = statusOfEnd(outcome);
  const known = rejectOf(code);
  const expression = expressionIn(detail);
  const issue =
    known?.issue ??
    (status === 504 ? 'timeout' : status >= 500 ? 'exception' : status === 409 ? 'conflict' : 'business-rule');
  return {
    code,
    status,
    title: known?.meaning ?? 'The ledger did not apply it.',
    detail: message === '' ? (known?.meaning ?? code) : message,
    remedy:
      known?.remedy ??
      (outcome.status === 'dead'
        ? 'It was closed and will not run again; `medrex dlq show` tells why, `medrex dlq resend` sends it anew.'
        : 'Correct it and send it as a new message.'),
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
