import type { IncomingHttpHeaders } from 'node:http';
import { problem, type Problem } from '../problem.ts';
import { readAttributes } from './attributes.ts';
import { bodyForm } from './content-type.ts';
import { readEvent } from './event-message.ts';
import type { MessageAttributes, Reading } from './incoming-message.ts';
import { parseJson, withoutMark } from './json-text.ts';

/**
 * Reads one HTTP request as a message: a structured CloudEvent by its content type, else the body as it is with what the headers
 * say about it (CloudEvents binary mode, of which everything may be left out) and Idempotency-Key as its id.
 *
 * @param unparsedFromBytes a plain body of this size or more is left as bytes, to be parsed on another thread.
 */
export function readHttpMessage(headers: IncomingHttpHeaders, sent: Buffer, unparsedFromBytes: number): Reading {
  const body = withoutMark(sent);
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
  detail: 'The event id and Idempotency-Key both name the message, and differ.',
});

/** What the headers of a request say about its message: `ce-` attributes, Idempotency-Key, traceparent. */
export function readHeaders(headers: IncomingHttpHeaders): MessageAttributes | { readonly problem: Problem } {
  const event = (name: string) => eventHeader(headers, name);
  const specversion = event('specversion');
  if (specversion !== undefined && specversion !== '1.0') {
    return { problem: problem('ENVELOPE_INVALID', { detail: 'ce-specversion is 1.0 where it is given.' }) };
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

/** CloudEvents percent-encodes header values; one that cannot be decoded is taken as it stands. */
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
