import { copiedExactly } from '@medrex/contracts';
import { locationOf } from '../http/views.ts';
import type { ItemResult, MessageResult } from '../message-result.ts';
import type { IncomingMessage } from '../message/incoming-message.ts';
import { memberBytes } from '../message/json-member.ts';
import { isJsonObject } from '../message/json-text.ts';
import { problem, type Problem } from '../problem.ts';
import type { Ended } from '../waiting-room.ts';
import { responseBundle } from './bundle-response.ts';
import { chosenByBundle, chosenByRequest } from './chosen-reference.ts';
import {
  appliedOutcome,
  endedResponses,
  refusedResponse,
  type ChosenReference,
  type EntryResponse,
} from './entry-response.ts';
import type { Interaction } from './interaction.ts';
import { informationOutcome, operationOutcome } from './operation-outcome.ts';
import { asRecorded } from './representation.ts';

/** An HTTP answer, independent of the server library. */
export interface FhirAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: object;
}

/** A problem as an OperationOutcome. */
export function problemAnswer(value: Problem): FhirAnswer {
  const headers: Record<string, string> =
    value.retryAfterS === undefined ? {} : { 'retry-after': String(value.retryAfterS) };
  return { status: value.status, headers, body: operationOutcome([value]) };
}

/** 202 Accepted with the location of the outcome, and the refused items. */
export function asyncAnswer(result: MessageResult): FhirAnswer {
  const problems = result.items.flatMap((item) => (item.kind === 'refused' ? [item.problem] : []));
  const location = locationOf(result);
  if (location === undefined) return refusedAnswer(problems);
  const accepted = informationOutcome('informational', `Accepted; the outcome will be at ${location}.`);
  const body = {
    ...accepted,
    issue: [...accepted.issue, ...(problems.length === 0 ? [] : operationOutcome(problems).issue)],
  };
  return { status: 202, headers: { location, 'content-location': location }, body };
}

function refusedAnswer(problems: readonly Problem[]): FhirAnswer {
  const [first] = problems;
  if (first === undefined) return problemAnswer(problem('NOTHING_TO_DO'));
  return { ...problemAnswer(first), body: operationOutcome(problems) };
}

/** The response Bundle, entry by entry in the order of the request; for a failed transaction, its problem. */
export function bundleAnswer(
  { prefer }: Interaction,
  message: IncomingMessage,
  result: MessageResult,
  endings: ReadonlyMap<string, Ended>,
): FhirAnswer {
  const whole = refusalOfAll(result);
  if (whole !== undefined) return problemAnswer(whole);
  const isBatch = ['batch', 'collection', 'history'].includes(bundleType(message));
  const sent = entriesOf(message);
  const answered = result.items.flatMap((item) => {
    const responses = itemResponses(item, endings, chosenByBundle(sent, isBatch ? item.item : undefined));
    return responses.map((response, place) => ({ response, sent: sent[isBatch ? item.item : place] }));
  });
  const only = answered[0]?.response;
  // A failed transaction has no entries; it is answered with the status of its problem.
  if (!isBatch && only?.outcome !== undefined) return { status: only.status, headers: {}, body: only.outcome };
  const body = responseBundle(isBatch ? 'batch-response' : 'transaction-response', answered, prefer.returns);
  return { status: 200, headers: {}, body: isJsonObject(message.body) ? copiedExactly(body, message.body) : body };
}

/** The entries of a Bundle; empty for a Bundle that a worker thread parsed, which is not parsed again for its answer. */
function entriesOf({ body }: IncomingMessage): readonly unknown[] {
  return isJsonObject(body) && Array.isArray(body['entry']) ? body['entry'] : [];
}

/** The problem of a Bundle that was refused as a whole (too many entries, or none). */
function refusalOfAll({ items }: MessageResult): Problem | undefined {
  const [only] = items;
  if (items.length !== 1 || only?.kind !== 'refused') return undefined;
  const isAboutEntry = only.problem.issues?.[0]?.expression?.startsWith('Bundle.entry[0]') === true;
  return isAboutEntry ? undefined : only.problem;
}

function itemResponses(
  item: ItemResult,
  endings: ReadonlyMap<string, Ended>,
  chosen: ChosenReference,
): readonly EntryResponse[] {
  if (item.kind === 'refused') return [refusedResponse(item)];
  const ended = endings.get(item.operation.opId);
  return ended === undefined ? [] : endedResponses(ended, chosen);
}

function bundleType({ body, bytes, isUnparsed }: IncomingMessage): string {
  if (isUnparsed === true)
    return Buffer.from(memberBytes(bytes, 'type') ?? [])
      .toString('utf8')
      .replaceAll('"', '');
  return isJsonObject(body) && typeof body['type'] === 'string' ? body['type'] : '';
}

/** The answer of one create, update or delete. */
export function singleAnswer(
  interaction: Interaction,
  message: IncomingMessage,
  result: MessageResult,
  endings: ReadonlyMap<string, Ended>,
): FhirAnswer {
  const [item] = result.items;
  if (item === undefined) return problemAnswer(problem('NOTHING_TO_DO'));
  if (item.kind === 'refused') return problemAnswer(item.problem);
  const { request } = interaction;
  const [response] = itemResponses(item, endings, () => (request === undefined ? undefined : chosenByRequest(request)));
  return response === undefined ? { status: 200, headers: {} } : entryAnswer(response, interaction, message.body);
}

/**
 * Status, Location, ETag and Last-Modified of one interaction, with the stored resource as body unless the sender prefers less or
 * there are warnings.
 */
function entryAnswer(response: EntryResponse, { baseUrl, prefer }: Interaction, resource: unknown): FhirAnswer {
  const { status, location, etag, lastModified, outcome, warnings = [], isEcho } = response;
  const headers = {
    ...(location !== undefined && { location: `${baseUrl}/${location}` }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { 'last-modified': new Date(lastModified).toUTCString() }),
  };
  if (outcome !== undefined) return { status, headers, body: outcome };
  if (status === 204 || prefer.returns === 'minimal') return { status, headers };
  // Without a preference, warnings take precedence over the resource, as there can only be one body.
  const isWarned = warnings.length > 0 && prefer.returns === undefined;
  if (prefer.returns === 'OperationOutcome' || isWarned || !isEcho || !isJsonObject(resource))
    return { status, headers, body: appliedOutcome(response) };
  return { status, headers, body: asRecorded(resource, response) };
}
