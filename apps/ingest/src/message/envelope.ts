import { readAttributes, noRequest, type RawRequest } from './attributes.ts';
import { readEvent } from './event-message.ts';
import type { Reading } from './incoming-message.ts';
import { memberBytes } from './json-member.ts';
import { isJsonObject } from './json-text.ts';

const bodyNames = ['resource', 'body', 'data'] as const;
const structured = new Map([['content-type', Buffer.from('application/cloudevents+json')]]);
const nothing = Buffer.alloc(0);

/**
 * Reads one line of a batch: a structured CloudEvent (with `specversion`), a Medrex envelope (with `resource`, `body`, `data` or
 * `request`, and without `resourceType`), otherwise the bare body.
 *
 * @param json the bytes of the line; the digest covers the part of the body
 */
export function readEnvelope(value: unknown, json: Buffer): Reading {
  if (!isJsonObject(value) || value['resourceType'] !== undefined) return bare(value, json);
  if (value['specversion'] !== undefined) return readEvent({ value: json, headers: structured });
  const name = bodyNames.find((one) => value[one] !== undefined);
  if (name === undefined && !isJsonObject(value['request'])) return bare(value, json);
  return readOwnEnvelope(value, name, json);
}

function bare(body: unknown, bytes: Uint8Array): Reading {
  return { kind: 'message', message: { attributes: {}, body, bytes } };
}

function readOwnEnvelope(
  envelope: Readonly<Record<string, unknown>>,
  name: (typeof bodyNames)[number] | undefined,
  json: Buffer,
): Reading {
  const attributes = readAttributes(
    envelope,
    envelope['request'] === undefined ? noRequest : requestIn(envelope['request']),
  );
  if ('problem' in attributes) return { kind: 'problem', problem: attributes.problem };
  const body = name === undefined ? undefined : envelope[name];
  // A member name written with escapes is not found in the bytes; then the digest covers the whole line.
  const bytes = name === undefined ? nothing : (memberBytes(json, name) ?? json);
  return { kind: 'message', message: { attributes, body, bytes } };
}

/** The members of `request`; anything but an object is treated as an unknown method. */
function requestIn(request: unknown): RawRequest {
  if (!isJsonObject(request)) return { method: 'unknown' };
  return {
    method: request['method'] ?? 'unknown',
    url: request['url'],
    ifMatch: request['ifMatch'],
    ifNoneExist: request['ifNoneExist'],
  };
}
