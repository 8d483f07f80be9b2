import { operationClasses } from '@medrex/contracts';
import { isAuthorId, isSalt, isSignature, type SignatureOfMessage } from '@medrex/execute-batch';
import { problem, type Problem } from '../problem.ts';
import type { IntakeRequest, MessageAttributes } from './incoming-message.ts';

/** Unchecked attributes: text from headers, any JSON from envelopes. */
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

/** Unchecked request: how to use the body. */
export interface RawRequest {
  readonly method?: unknown;
  readonly url?: unknown;
  readonly ifMatch?: unknown;
  readonly ifNoneExist?: unknown;
}

/** A request without any member. */
export const noRequest: RawRequest = {};

/** Maximum characters of source, id, contract and url: enough for any URI in use, and few enough to store with every message. */
export const nameCharactersMax = 1024;

const textNames = ['source', 'id', 'contract', 'contentType'] as const;

/** Parses and checks the attributes of a message. The problem names every invalid attribute, never its value. */
export function readAttributes(
  raw: RawAttributes,
  asked: RawRequest = noRequest,
): MessageAttributes | { readonly problem: Problem } {
  const wrong: string[] = [];
  const attributes: MutableAttributes = {};
  for (const name of textNames) {
    const text = readText(raw[name]);
    if (text === wrongValue) wrong.push(`${name} (a string of 1 to ${nameCharactersMax} characters)`);
    else if (text !== undefined) attributes[name] = text;
  }
  readTimes(raw, attributes, wrong);
  if (isGiven(raw.class)) {
    const operationClass = operationClasses.find((one) => one === raw.class);
    if (operationClass === undefined) wrong.push(`class (one of ${operationClasses.join(', ')})`);
    else attributes.class = operationClass;
  }
  readAuthor(raw.author, attributes, wrong);
  if (isTraceparent(raw.traceparent)) attributes.traceparent = raw.traceparent;
  const request = readRequest(asked);
  if (request === wrongValue)
    wrong.push('request (method POST, PUT or DELETE; url, ifMatch and ifNoneExist must be strings)');
  else if (request !== undefined) attributes.request = request;
  if (wrong.length === 0) return attributes;
  return { problem: problem('ENVELOPE_INVALID', { detail: `Invalid attributes: ${wrong.join('; ')}.` }) };
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

function readTimes(raw: RawAttributes, attributes: MutableAttributes, wrong: string[]): void {
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

/** Parses the author. A signature covers source, id and time, so the sender must give all three. */
function readAuthor(raw: unknown, attributes: MutableAttributes, wrong: string[]): void {
  if (!isGiven(raw)) return;
  const author = signatureOf(raw);
  if (author === undefined) wrong.push('author (id, salt and signature are required, each in its format)');
  else if (attributes.source === undefined || attributes.id === undefined || attributes.time === undefined)
    wrong.push('author (a signed message must have source, id and time)');
  else attributes.author = author;
}

function signatureOf(raw: unknown): SignatureOfMessage | undefined {
  if (typeof raw !== 'object' || raw === null) return undefined;
  const { id, salt, signature } = raw as Readonly<Record<string, unknown>>;
  return isAuthorId(id) && isSalt(salt) && isSignature(signature) ? { id, salt, signature } : undefined;
}

const dateTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})$/i;

const utcMilliseconds = /^\d{4}-\d{2}-(?:0[1-9]|1\d|2[0-8])T(?:[01]\d|2[0-3]):\d{2}:\d{2}\.\d{3}Z$/;

/** The time in ISO 8601 UTC with milliseconds. A text in that form is kept, unless it may be a date like 30 February or 24:00. */
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

/** Whether the value is a valid traceparent; an invalid one is ignored, as W3C Trace Context requires. */
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
