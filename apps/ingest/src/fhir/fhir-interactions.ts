import type { IncomingHttpHeaders } from 'node:http';
import type { Preferences } from '../http/reply.ts';
import { resultsInTime } from '../http/deadline.ts';
import { locationOf } from '../http/views.ts';
import type { MessageIdentifier } from '../identify.ts';
import type { Ingest } from '../ingest.ts';
import { takenOperations, type ItemResult, type MessageResult } from '../message-result.ts';
import { readHeaders, readHttpMessage } from '../message/http-message.ts';
import type { IncomingMessage, IntakeRequest, ReadMessage } from '../message/incoming-message.ts';
import { memberBytes } from '../message/json-member.ts';
import { isJsonObject } from '../message/json-text.ts';
import { problem, type Problem } from '../problem.ts';
import type { Ended, WaitingRoom } from '../waiting-room.ts';
import { responseBundle } from './bundle-response.ts';
import { chosenByBundle, chosenByRequest } from './chosen-reference.ts';
import { endedResponses, refusedResponse, type ChosenReference, type EntryResponse } from './entry-response.ts';
import { informationOutcome, operationOutcome } from './operation-outcome.ts';

/** An HTTP answer, before it meets the server's own types. */
export interface FhirAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

export interface FhirInteractionsOptions {
  readonly ingest: Ingest;
  readonly identifier: MessageIdentifier;
  /** Contract that FHIR messages are for. */
  readonly contract: string;
  readonly waitingRoom: WaitingRoom;
  readonly unparsedFromBytes: number;
  readonly appendWaitMs: number;
  /** How long an interaction waits for its outcome before it is answered 202. */
  readonly outcomeWaitMs: number;
  /** Told of what was refused before it became a message. */
  readonly onRefused: (code: string) => void;
}

/** What the request asks for: a Bundle at the root, or one resource. */
export interface Interaction {
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  readonly prefer: Preferences;
  /** Undefined for a Bundle. */
  readonly request?: IntakeRequest;
  /** Address of the FHIR endpoint, for absolute locations. */
  readonly baseUrl: string;
}

/** FHIR's REST interactions that write, answered with the outcome on the ledger. */
export class FhirInteractions {
  readonly #options: FhirInteractionsOptions;

  constructor(options: FhirInteractionsOptions) {
    this.#options = options;
  }

  async run(interaction: Interaction, signal: AbortSignal): Promise<FhirAnswer> {
    const message = this.#read(interaction);
    if ('problem' in message) return this.#refuse(message.problem);
    const { ingest, appendWaitMs } = this.#options;
    const submitted = await ingest.submit([message], { waits: false, signal });
    const results = await resultsInTime(submitted.results, appendWaitMs);
    if ('problem' in results) return this.#refuse(results.problem);
    const result = results[0] as MessageResult;
    if (result.problem !== undefined) return problemAnswer(result.problem);
    if (interaction.prefer.isAsync) return asyncAnswer(result);
    return this.#answerWithOutcome(interaction, message, result, signal);
  }

  #refuse(why: Problem): FhirAnswer {
    this.#options.onRefused(why.code);
    return problemAnswer(why);
  }

  #read({ headers, body, request }: Interaction): IncomingMessage | { readonly problem: Problem } {
    const { identifier, contract, unparsedFromBytes } = this.#options;
    if (request?.method === 'DELETE') {
      const attributes = readHeaders({ ...headers, 'content-type': undefined });
      if ('problem' in attributes) return attributes;
      return identifier.http({
        attributes: { ...attributes, contract, request },
        body: undefined,
        bytes: Buffer.alloc(0),
      });
    }
    const reading = readHttpMessage(headers, body, unparsedFromBytes);
    if (reading.kind === 'problem') return reading;
    const { message } = reading;
    if (request === undefined && !isBundle(message))
      return { problem: problem('REQUEST_INVALID', { detail: bundleAdvice }) };
    return identifier.http({
      ...message,
      attributes: { ...message.attributes, contract, ...(request !== undefined && { request }) },
    });
  }

  async #answerWithOutcome(
    interaction: Interaction,
    message: IncomingMessage,
    result: MessageResult,
    signal: AbortSignal,
  ): Promise<FhirAnswer> {
    const operations = takenOperations(result);
    const { outcomeWaitMs } = this.#options;
    const waitMs = Math.min(interaction.prefer.waitMs ?? outcomeWaitMs, outcomeWaitMs);
    const limit = AbortSignal.any([signal, AbortSignal.timeout(waitMs)]);
    const opIds = operations.map(({ opId }) => opId);
    const endings = await this.#options.waitingRoom.wait(opIds, result.digest, limit);
    if (endings.size < operations.length) return asyncAnswer(result);
    return interaction.request === undefined
      ? bundleAnswer(message, result, endings)
      : singleAnswer(interaction, message, result, endings);
  }
}

const bundleAdvice =
  'The root of the FHIR endpoint takes Bundles; send a single resource to its type, e.g. POST /fhir/Observation.';

/** A body that was left unparsed is looked at where it is translated. */
function isBundle({ body, isUnparsed }: ReadMessage): boolean {
  return isUnparsed === true || (isJsonObject(body) && body['resourceType'] === 'Bundle');
}

function problemAnswer(value: Problem): FhirAnswer {
  const headers: Record<string, string> =
    value.retryAfterS === undefined ? {} : { 'retry-after': String(value.retryAfterS) };
  return { status: value.status, headers, body: operationOutcome([value]) };
}

/** 202: accepted, and where the outcome will be found. Items that were refused are named at once. */
function asyncAnswer(result: MessageResult): FhirAnswer {
  const problems = result.items.flatMap((item) => (item.kind === 'refused' ? [item.problem] : []));
  const location = locationOf(result);
  if (location === undefined) return refusedAnswer(problems);
  const accepted = informationOutcome('informational', `Accepted; the outcome will be found at ${location}.`);
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

function bundleAnswer(
  message: IncomingMessage,
  result: MessageResult,
  endings: ReadonlyMap<string, Ended>,
): FhirAnswer {
  const isBatch = ['batch', 'collection', 'history'].includes(bundleType(message));
  const responses = result.items.flatMap((item) =>
    itemResponses(item, endings, chosenByBundle(message, isBatch ? item.item : undefined)),
  );
  const [only] = responses;
  // A transaction that failed has no entries to speak of: it is the answer's own status that says so.
  if (!isBatch && only?.outcome !== undefined) return { status: only.status, headers: {}, body: only.outcome };
  return {
    status: 200,
    headers: {},
    body: responseBundle(isBatch ? 'batch-response' : 'transaction-response', responses),
  };
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

function singleAnswer(
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

/** Status, Location, ETag and Last-Modified of one interaction; the resource as it now stands, unless the sender prefers less. */
function entryAnswer(response: EntryResponse, { baseUrl, prefer }: Interaction, resource: unknown): FhirAnswer {
  const { status, location, etag, lastModified, outcome, isEcho } = response;
  const headers = {
    ...(location !== undefined && { location: `${baseUrl}/${location}` }),
    ...(etag !== undefined && { etag }),
    ...(lastModified !== undefined && { 'last-modified': new Date(lastModified).toUTCString() }),
  };
  if (outcome !== undefined) return { status, headers, body: outcome };
  if (status === 204 || prefer.returns === 'minimal') return { status, headers };
  if (prefer.returns === 'OperationOutcome' || !isEcho || !isJsonObject(resource)) {
    return {
      status,
      headers,
      body: informationOutcome('informational', `Done: ${location ?? 'nothing had to change'}.`),
    };
  }
  return { status, headers, body: asRecorded(resource, response) };
}

/** The resource that was sent, with the id and version that it got. */
function asRecorded(
  resource: Readonly<Record<string, unknown>>,
  { location = '', lastModified }: EntryResponse,
): Record<string, unknown> {
  const [, id, , versionId] = location.split('/');
  const meta = isJsonObject(resource['meta']) ? resource['meta'] : {};
  return {
    ...resource,
    ...(id !== undefined && { id }),
    meta: { ...meta, ...(versionId !== undefined && { versionId }), lastUpdated: lastModified },
  };
}
