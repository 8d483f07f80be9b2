import { STATUS_CODES } from 'node:http';
import type { Preferences } from '../http/reply.ts';
import { isJsonObject } from '../message/json-text.ts';
import { appliedOutcome, type EntryResponse } from './entry-response.ts';
import { asRecorded, withReferences, type SentResource } from './representation.ts';

/** A FHIR R4 Bundle of type transaction-response or batch-response. */
export interface ResponseBundle {
  readonly resourceType: 'Bundle';
  readonly type: 'transaction-response' | 'batch-response';
  readonly entry: readonly { readonly resource?: SentResource; readonly response: SentResource }[];
}

/** The response of an entry, and the entry as sent; the latter is absent when a worker thread parsed the Bundle. */
export interface AnsweredEntry {
  readonly response: EntryResponse;
  readonly sent: unknown;
}

/**
 * One response per entry of the request, in its order. With `Prefer: return=representation`, resources stored as they were sent are
 * returned too, with their `urn:` references replaced by the created ids.
 */
export function responseBundle(
  type: ResponseBundle['type'],
  answered: readonly AnsweredEntry[],
  returns: Preferences['returns'],
): ResponseBundle {
  const names = returns === 'representation' ? namesOf(answered) : new Map<string, string>();
  const entry = answered.map(({ response, sent }) => {
    const resource = returns === 'representation' ? representation(response, sent, names) : undefined;
    return { ...(resource !== undefined && { resource }), response: responseOf(response, returns) };
  });
  return { resourceType: 'Bundle', type, entry };
}

/** The created reference for each `urn:` full URL. */
function namesOf(answered: readonly AnsweredEntry[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { response, sent } of answered) {
    const fullUrl = isJsonObject(sent) ? sent['fullUrl'] : undefined;
    const [name] = response.location?.split('/_history/') ?? [];
    if (typeof fullUrl === 'string' && fullUrl.startsWith('urn:') && name !== undefined) names.set(fullUrl, name);
  }
  return names;
}

function representation(
  response: EntryResponse,
  sent: unknown,
  names: ReadonlyMap<string, string>,
): SentResource | undefined {
  const resource = isJsonObject(sent) ? sent['resource'] : undefined;
  if (response.isEcho !== true || !isJsonObject(resource)) return undefined;
  const named = names.size === 0 ? resource : withReferences(resource, names);
  return isJsonObject(named) ? asRecorded(named, response) : undefined;
}

function responseOf(response: EntryResponse, returns: Preferences['returns']): SentResource {
  const { status, location, etag, lastModified, outcome, warnings } = response;
  const warned = warnings && { resourceType: 'OperationOutcome', issue: warnings };
  const shownOutcome =
    outcome ?? (returns === 'OperationOutcome' && status !== 204 ? appliedOutcome(response) : warned);
  return {
    status: statusLine(status),
    ...(location !== undefined && { location }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { lastModified }),
    ...(shownOutcome !== undefined && { outcome: shownOutcome }),
  };
}

/** The status as Bundle.entry.response.status requires it, e.g. `201 Created`. */
export function statusLine(status: number): string {
  const reason = STATUS_CODES[status];
  return reason === undefined ? String(status) : `${status} ${reason}`;
}
