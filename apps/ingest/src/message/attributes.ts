import { operationClasses } from '@medrex/contracts';
import { isAuthorId, isSalt, isSignature, type SignatureOfMessage } from '@medrex/execute-batch';
import { problem, type Problem } from '../problem.ts';
import type { IntakeRequest, MessageAttributes } from './incoming-message.ts';

/** Attributes as they arrive: text from headers, any JSON from envelopes. */
export interface RawAttributes {
  readonly source?: unknown;
  readonly id?: unknown;
  readonly contract?: unknown;
  readonly contentType?: unknown;
  readonly time?: unknown;
  readonly class?: unknown;
  readonly deadline?: unknown;
  readonly traceparent?: unknown;
  /** `{ id, salt, signature }`. */
  readonly author?: unknown;
}

/** How the body is to be used, as it arrives. */
export interface RawRequest {
  readonly method?: unknown;
  readonly url?: unknown;
  readonly ifMatch?: unknown;
  readonly ifNoneExist?: unknown;
}

/** Nothing is said of how the body is to be used. */
export const unasked: RawRequest = {};

/** Longest source, id, contract or url taken: long enough for any URI in use, short enough to be kept for every message. */
export const nameCharactersMax = 1024;

const textNames = ['source', 'id', 'contract', 'contentType'] as const;

/** Reads and checks what is said about a message. The problem names every attribute that is wrong, never its value. */
export function readAttributes(
  raw: RawAttributes,
  asked: RawRequest = unasked,
): MessageAttributes | { readonly problem: Problem } {
  const wrong: string[] = [];
  const attributes: MutableAttributes = {};
  for (const name of textNames) {
    const text = readText(raw[name]);
    if (text === wrongValue) wrong.push(`${name} (a text of 1 to ${nameCharactersMax} characters)`);
    else if (text !== undefined) attributes[name] = text;
  }
  readWhen(raw, attributes, wrong);
  if (isGiven(raw.class)) {
    const operationClass = operationClasses.find((one) => one === raw.class);
    if (operationClass === undefined) wrong.push(`class (one of ${operationClasses.join(', ')})`);
    else attributes.class = operationClass;
  }
  readAuthor(raw.author, attributes, wrong);
  if (isTraceparent(raw.traceparent)) attributes.traceparent = raw.traceparent;
  const request = readRequest(asked);
  if (request === wrongValue)
    wrong.push('request (method POST, PUT or DELETE; url, ifMatch and ifNoneExist are texts)');
  else if (request !== undefined) attributes.request = request;
  if (wrong.length === 0) return attributes;
  return { problem: problem('ENVELOPE_INVALID', { detail: `Not as it must be: ${wrong.join('; ')}.` }) };
}

type MutableAttributes = { -readonly [Name in keyof MessageAttributes]: MessageAttributes[Name] };

const wrongValue = Symbol('wrong value');
type Wrong = typeof wrongValue;

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null;
}

function readText(value: unknown): string | Wrong | undefined {
  if (!isGiven(value)) return undefined;
  return typeof value === 'string' && value.length > 0 && value.length <= nameCharactersMax ? value : wrongValue;
}

function readWhen(raw: RawAttributes, attributes: MutableAttributes, wrong: string[]): void {
  if (isGiven(raw.time)) {
    const ms = instant(raw.time);
    if (ms === undefined) wrong.push('time (ISO 8601 with a zone, e.g. 2026-03-01T08:00:00Z)');
    else attributes.time = inUtc(raw.time as string, ms);
  }
  if (isGiven(raw.deadline)) {
    const ms = readDeadline(raw.deadline);
    if (ms === undefined) wrong.push('deadline (ISO 8601 with a zone, or milliseconds since 1970)');
    else attributes.deadlineMs = ms;
  }
}

/** A signature is of what the sender says: a name and a time that ingest gave would be signed by nobody. */
function readAuthor(raw: unknown, attributes: MutableAttributes, wrong: string[]): void {
  if (!isGiven(raw)) return;
  const author = signatureOf(raw);
  if (author === undefined) wrong.push('author (id, salt and signature, all three, each in its form)');
  else if (attributes.source === undefined || attributes.id === undefined || attributes.time === undefined)
    wrong.push('author (a signed message has source, id and time)');
  else attributes.author = author;
}

function signatureOf(raw: unknown): SignatureOfMessage | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { id, salt, signature } = raw as Readonly<Record<string, unknown>>;
  return isAuthorId(id) && isSalt(salt) && isSignature(signature) ? { id, salt, signature } : undefined;
}

const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i;

const utcMilliseconds = /^\d{4}-\d{2}-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):\d{2}:\d{2}\.\d{3}Z$/;

/** ISO 8601 in UTC with milliseconds. Most senders write it so; what may be 30 February or 24:00 is written anew. */
function inUtc(text: string, ms: number): string {
  return utcMilliseconds.test(text) ? text : new Date(ms).toISOString();
}

/** Epoch ms of a date-time with a zone (RFC 3339). */
function instant(value: unknown): number | undefined {
  if (typeof value !== 'string' || !dateTime.test(value)) return undefined;
  const ms = Date.parse(value);
  return Number.isNaN(ms) ? undefined : ms;
}

function readDeadline(value: unknown): number | undefined {
  if (typeof value === 'number') return Number.isSafeInteger(value) && value > 0 ? value : undefined;
  return typeof value === 'string' && /^[1-9]\d{0,14}$/.test(value) ? Number(value) : instant(value);
}

/** A trace context that is not one is dropped, as W3C asks, rather than refused. */
function isTraceparent(value: unknown): value is string {
  return typeof value === 'string' && /^[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}$/.test(value);
}

function readRequest(raw: RawRequest): IntakeRequest | Wrong | undefined {
  if (!isGiven(raw.method)) return undefined;
  const { method } = raw;
  if (method !== 'POST' && method !== 'PUT' && method !== 'DELETE') return wrongValue;
  const url = raw.url === '' ? '' : (readText(raw.url) ?? '');
  const ifMatch = readText(raw.ifMatch);
  const ifNoneExist = readText(raw.ifNoneExist);
  if (url === wrongValue || ifMatch === wrongValue || ifNoneExist === wrongValue) return wrongValue;
  return { method, url, ...(ifMatch !== undefined && { ifMatch }), ...(ifNoneExist !== undefined && { ifNoneExist }) };
}
