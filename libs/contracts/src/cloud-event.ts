import { isAuthorId, isSalt, isSignature, type SignatureOfMessage } from '@medrex/execute-batch';
import { z } from 'zod';
import type { IntakeMessage, RefusalIssue } from './intake-contract.ts';
import { operationClass } from './schemas.ts';

/** A message of the intake topics without its envelope. `source` and `id` are both absent if there was no envelope. */
export interface IntakeEvent {
  readonly source?: string;
  readonly id?: string;
  readonly type?: string;
  /** ISO 8601, UTC. */
  readonly time?: string;
  readonly contentType: string;
  readonly contract?: string;
  readonly class?: IntakeMessage['class'];
  readonly deadlineMs?: number;
  readonly request?: IntakeMessage['request'];
  /** Who signed it. */
  readonly author?: SignatureOfMessage;
  /** The trace context in the event (CloudEvents' extension for tracing), unchanged. */
  readonly traceparent?: string;
  /** The bytes of the message, which its keyed hash covers: the record's value, or `data` of a structured event. */
  readonly data: Uint8Array;
}

export type DecodedIntake =
  | { readonly kind: 'event'; readonly event: IntakeEvent }
  | { readonly kind: 'malformed'; readonly code: 'INVALID_ENVELOPE'; readonly issues: readonly RefusalIssue[] };

const text = z.string().min(1);

/**
 * The envelope of a message: CloudEvents 1.0 (cloudevents.io) with our extension attributes; other attributes are
 * allowed.
 */
export const cloudEventSchema = z.looseObject({
  specversion: z.literal('1.0'),
  id: text.describe('names the message together with source; a message with the same name is a repeat'),
  source: text.describe('URI reference of the sender'),
  type: text,
  time: z.iso.datetime({ offset: true }).optional(),
  datacontenttype: text.optional().describe('default: application/fhir+json'),
  medrexcontract: text.optional().describe('contract of the message; default: clinical'),
  medrexclass: operationClass.optional().describe('priority class; by default, the contract chooses it'),
  medrexdeadline: z.iso.datetime({ offset: true }).optional().describe('time after which it must not be applied'),
  medrexmethod: z.enum(['POST', 'PUT', 'DELETE']).optional().describe('method for a single resource; default: POST'),
  medrexurl: z.string().optional().describe('e.g. Observation/x, for PUT and DELETE'),
  medrexifmatch: text.optional(),
  medrexifnoneexist: text.optional(),
  medrexauthor: z.string().refine(isAuthorId, 'is no id of an author').optional().describe('author who signed it'),
  medrexsalt: z
    .string()
    .refine(isSalt, 'is not base64url of 16 to 64 bytes')
    .optional()
    .describe('salt of the signature'),
  medrexsignature: z
    .string()
    .refine(isSignature, 'is not base64url of a signature')
    .optional()
    .describe("the author's signature, base64url; docs/how-to/signed-operations.md says what is signed"),
  data: z.unknown().optional().describe('the message as JSON'),
  data_base64: z.base64().optional().describe('the message as bytes, instead of data'),
});

type CloudEvent = z.infer<typeof cloudEventSchema>;

export const cloudEventExample: CloudEvent = {
  specversion: '1.0',
  id: '7f3e2a10',
  source: 'urn:ehr:ward-3',
  type: 'org.hl7.fhir.r4.Observation',
  time: '2026-09-21T14:13:20Z',
  datacontenttype: 'application/fhir+json',
  medrexclass: 'clinical',
  data: { resourceType: 'Observation', status: 'final' },
};

const defaultContentType = 'application/fhir+json';
const structuredContentType = 'application/cloudevents+json';

/**
 * Reads a record of an intake topic by the Kafka binding of CloudEvents: in binary mode the attributes are headers
 * `ce_*` and the value is the message; in structured mode the value is the envelope. A record without either is the
 * message itself. All errors are reported together.
 */
export function decodeIntake(record: {
  readonly value: Uint8Array;
  readonly headers: ReadonlyMap<string, Uint8Array>;
}): DecodedIntake {
  if (record.value.length === 0) return malformed([issue('required', 'the record is empty', undefined)]);
  const contentType = header(record.headers, 'content-type');
  if (contentType?.startsWith(structuredContentType) === true) return decodeStructured(record.value);
  if (record.headers.has('ce_specversion') || record.headers.has('ce_id'))
    return decodeBinary(record.value, record.headers, contentType);
  if (contentType === undefined && looksStructured(record.value)) return decodeStructured(record.value);
  return { kind: 'event', event: { contentType: contentType ?? defaultContentType, data: record.value } };
}

// Tools like kcat write the envelope without a content type. No member of a FHIR resource has this name, and within a
// string the quote would be escaped.
function looksStructured(value: Uint8Array): boolean {
  const start = Buffer.from(value.buffer, value.byteOffset, Math.min(value.length, 512)).toString('latin1');
  return /^\s*\{/.test(start) && /[{,]\s*"specversion"\s*:\s*"1\.0"/.test(start);
}

function decodeStructured(value: Uint8Array): DecodedIntake {
  let parsed: unknown;
  try {
    parsed = JSON.parse(Buffer.from(value.buffer, value.byteOffset, value.length).toString('utf8'));
  } catch {
    return malformed([issue('structure', 'the CloudEvents envelope is not JSON', undefined)]);
  }
  const checked = cloudEventSchema.safeParse(parsed);
  if (!checked.success) return malformed(issuesOf(checked.error));
  const { data, data_base64: base64 } = checked.data;
  const unsignable = signatureIssue(checked.data) ?? rewrittenIssue(checked.data);
  if (unsignable !== undefined) return malformed([unsignable]);
  if ((data === undefined) === (base64 === undefined)) {
    return malformed([issue('required', 'a structured event has either data or data_base64', 'data')]);
  }
  const bytes =
    base64 === undefined
      ? Buffer.from(typeof data === 'string' ? data : JSON.stringify(data))
      : Buffer.from(base64, 'base64');
  return { kind: 'event', event: eventOf(checked.data, checked.data.datacontenttype, bytes) };
}

function decodeBinary(
  value: Uint8Array,
  headers: ReadonlyMap<string, Uint8Array>,
  contentType: string | undefined,
): DecodedIntake {
  const attributes: Record<string, string> = {};
  for (const name of headers.keys()) {
    if (name.startsWith('ce_')) attributes[name.slice(3)] = header(headers, name) ?? '';
  }
  const checked = cloudEventSchema.safeParse(attributes);
  if (!checked.success) return malformed(issuesOf(checked.error));
  const unsignable = signatureIssue(checked.data);
  if (unsignable !== undefined) return malformed([unsignable]);
  return { kind: 'event', event: eventOf(checked.data, contentType, value) };
}

function eventOf(event: CloudEvent, contentType: string | undefined, data: Uint8Array): IntakeEvent {
  const request = requestOf(event);
  const author = authorOf(event);
  return {
    source: event.source,
    id: event.id,
    type: event.type,
    contentType: contentType ?? defaultContentType,
    ...(event.time !== undefined && { time: new Date(event.time).toISOString() }),
    ...(event.medrexcontract !== undefined && { contract: event.medrexcontract }),
    ...(event.medrexclass !== undefined && { class: event.medrexclass }),
    ...(event.medrexdeadline !== undefined && { deadlineMs: Date.parse(event.medrexdeadline) }),
    ...(request !== undefined && { request }),
    ...(author !== undefined && { author }),
    // Not in the schema, because an event is not refused for an invalid trace context.
    ...(typeof event['traceparent'] === 'string' && { traceparent: event['traceparent'] }),
    data,
  };
}

function requestOf(event: CloudEvent): IntakeMessage['request'] {
  const { medrexmethod: method, medrexurl: url, medrexifmatch: ifMatch, medrexifnoneexist: ifNoneExist } = event;
  if (method === undefined && url === undefined && ifMatch === undefined && ifNoneExist === undefined) return undefined;
  return {
    method: method ?? 'POST',
    url: url ?? '',
    ...(ifMatch !== undefined && { ifMatch }),
    ...(ifNoneExist !== undefined && { ifNoneExist }),
  };
}

function authorOf({ medrexauthor: id, medrexsalt: salt, medrexsignature: signature }: CloudEvent) {
  return id === undefined || salt === undefined || signature === undefined ? undefined : { id, salt, signature };
}

/** A signature covers a time, and all its parts are required. */
function signatureIssue(event: CloudEvent): RefusalIssue | undefined {
  const parts = [event.medrexauthor, event.medrexsalt, event.medrexsignature];
  if (parts.every((part) => part === undefined)) return undefined;
  if (parts.includes(undefined) || event.time === undefined) {
    const what = 'a signed event has medrexauthor, medrexsalt, medrexsignature and time';
    return issue('required', what, 'medrexauthor');
  }
  return undefined;
}

/** JSON inside an envelope is re-encoded before it is read, but a signature covers the original bytes. */
function rewrittenIssue({ medrexauthor, data }: CloudEvent): RefusalIssue | undefined {
  if (medrexauthor === undefined || data === undefined || typeof data === 'string') return undefined;
  return issue('value', 'a signed event in structured mode has data_base64, or its body as a text in data', 'data');
}

/** Headers of an event in binary mode, for writers to an intake topic: replay, the load generator, tests. */
export function intakeHeaders(
  event: Omit<IntakeEvent, 'data'> & { readonly source: string; readonly id: string },
): Map<string, Uint8Array> {
  const attributes: Record<string, string | undefined> = {
    ce_specversion: '1.0',
    ce_id: event.id,
    ce_source: event.source,
    ce_type: event.type ?? 'medrex.message',
    ce_time: event.time,
    ce_medrexcontract: event.contract,
    ce_medrexclass: event.class,
    ce_medrexdeadline: event.deadlineMs === undefined ? undefined : new Date(event.deadlineMs).toISOString(),
    ce_medrexmethod: event.request?.method,
    ce_medrexurl: event.request?.url,
    ce_medrexifmatch: event.request?.ifMatch,
    ce_medrexifnoneexist: event.request?.ifNoneExist,
    ce_medrexauthor: event.author?.id,
    ce_medrexsalt: event.author?.salt,
    ce_medrexsignature: event.author?.signature,
    'content-type': event.contentType,
  };
  const given = Object.entries(attributes).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return new Map(given.map(([name, value]) => [name, Buffer.from(value)]));
}

function header(headers: ReadonlyMap<string, Uint8Array>, name: string): string | undefined {
  const value = headers.get(name);
  return value === undefined ? undefined : Buffer.from(value).toString('utf8');
}

function issuesOf(error: z.ZodError): RefusalIssue[] {
  return error.issues.map((one) => {
    const path = one.path.join('.');
    return issue('value', `envelope attribute ${path}: ${one.message}`, path);
  });
}

function issue(code: string, diagnostics: string, expression: string | undefined): RefusalIssue {
  return { severity: 'error', code, diagnostics, ...(expression !== undefined && { expression }) };
}

function malformed(issues: readonly RefusalIssue[]): DecodedIntake {
  return { kind: 'malformed', code: 'INVALID_ENVELOPE', issues };
}
