import { STATUS_CODES } from 'node:http';
import type { EntryResponse } from './entry-response.ts';

/** A Bundle of type transaction-response or batch-response, as FHIR R4 writes it. */
export interface ResponseBundle {
  readonly resourceType: 'Bundle';
  readonly type: 'transaction-response' | 'batch-response';
  readonly entry: readonly { readonly response: Readonly<Record<string, unknown>> }[];
}

/** One response per entry of the request, in its order. */
export function responseBundle(type: ResponseBundle['type'], responses: readonly EntryResponse[]): ResponseBundle {
  return { resourceType: 'Bundle', type, entry: responses.map((one) => ({ response: responseOf(one) })) };
}

function responseOf({
  status,
  location,
  etag,
  lastModified,
  outcome,
  warnings,
}: EntryResponse): Readonly<Record<string, unknown>> {
  return {
    status: statusLine(status),
    ...(location !== undefined && { location }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
    ...(outcome !== undefined && { outcome }),
    ...(warnings !== undefined && { outcome: { resourceType: 'OperationOutcome', issue: warnings } }),
  };
}

/** `201 Created`, as Bundle.entry.response.status wants it. */
export function statusLine(status: number): string {
  const reason = STATUS_CODES[status];
  return reason === undefined ? String(status) : `${status} ${reason}`;
}
