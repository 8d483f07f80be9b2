import type { IncomingHttpHeaders } from 'node:http';
import { problem, type Problem } from '../problem.ts';
import { readAttributes } from './attributes.ts';
import { bodyForm } from './content-type.ts';
import { readEvent } from './event-message.ts';
import type { MessageAttributes, Reading } from './incoming-message.ts';
import { parseJson, withoutByteOrderMark } from './json-text.ts';

/**
 * Reads an HTTP request as a message: a structured CloudEvent by its content type, otherwise a plain body with attributes from the
 * headers (CloudEvents binary mode, all optional) and Idempotency-Key as its id.
 *
 * @param unparsedFromBytes a plain body of at least this many bytes stays unparsed, for a worker thread
 */
export function readHttpMessage(headers: IncomingHttpHeaders, sent: Buffer, unparsedFromBytes: number): Reading {
  const body = withoutByteOrderMark(sent);
  const form = bodyForm(headers['content-type']);
  if (form === 'unsupported' || form === 'ndjson')
    return { kind: 'problem', problem: problem('CONTENT_TYPE_UNSUPPORTED') };
  if (body.length === 0) return { kind: 'problem', problem: problem('BODY_EMPTY') };
  if (form === 'cloudevent') return readStructured(headers, body);
  const attributes = readHeaders(headers);
  if ('problem' in attributes) return { kind: 'problem', problem: attributes.problem };
  if (body.length >= unparsedFromBytes)
    return { kind: 'message', message: { attributes, body: undefined, isUnparsed: true, bytes: body } };
  const parsed = parseJson(body);
  if (parsed.kind === 'problem') return parsed;
  return { kind: 'message', message: { attributes, body: parsed.value, bytes: body } };
}

function readStructured(headers: IncomingHttpHeaders, body: Buffer): Reading {
  const eventHeaders = new Map([['content-type', Buffer.from('application/cloudevents+json')]]);
  if (typeof headers['traceparent'] === 'string') eventHeaders.set('traceparent', Buffer.from(headers['traceparent']));
  const reading = readEvent({ value: body, headers: eventHeaders });
  const key = headers['idempotency-key'];
  if (reading.kind === 'problem' || key === undefined || key === reading.message.attributes.id) return reading;
  return { kind: 'problem', problem: twoNames };
}

const twoNames = problem('ENVELOPE_INVALID', {
  detail: 'The event id and Idempotency-Key both name the message, but differ.',
});

/** The message attributes in the headers of a request: `ce-` headers, Idempotency-Key, traceparent. */
export function readHeaders(headers: IncomingHttpHeaders): MessageAttributes | { readonly problem: Problem } {
  const event = (name: string) => eventHeader(headers, name);
  const specversion = event('specversion');
  if (specversion !== undefined && specversion !== '1.0') {
    return { problem: problem('ENVELOPE_INVALID', { detail: 'ce-specversion must be 1.0.' }) };
  }
  const key = headers['idempotency-key'];
  const id = event('id');
  if (id !== undefined && key !== undefined && id !== key) return { problem: twoNames };
  const raw = {
    id: id ?? key,
    source: event('source'),
    time: event('time'),
    contract: event('medrexcontract'),
    class: event('medrexclass'),
    deadline: event('medrexdeadline'),
    traceparent: headers['traceparent'] ?? event('traceparent'),
    contentType: headers['content-type'],
    author: signature({ id: event('medrexauthor'), salt: event('medrexsalt'), signature: event('medrexsignature') }),
  };
  const asked = {
    method: event('medrexmethod'),
    url: event('medrexurl'),
    ifMatch: event('medrexifmatch'),
    ifNoneExist: event('medrexifnoneexist'),
  };
  return readAttributes(raw, asked);
}

function signature(parts: Readonly<Record<'id' | 'salt' | 'signature', string | undefined>>): unknown {
  return Object.values(parts).every((part) => part === undefined) ? undefined : parts;
}

/** Percent-decodes a header value, as CloudEvents requires; an invalid encoding is returned unchanged. */
function eventHeader(headers: IncomingHttpHeaders, name: string): string | undefined {
  const value = headers[`ce-${name}`];
  if (typeof value !== 'string') return undefined;
  if (!value.includes('%')) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
