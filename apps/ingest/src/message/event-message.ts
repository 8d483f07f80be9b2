import { decodeIntake, type IntakeEvent } from '@medrex/contracts';
import { problem } from '../problem.ts';
import { bodyForm } from './content-type.ts';
import type { MessageAttributes, Reading } from './incoming-message.ts';
import { parseJson } from './json-text.ts';

/** Value and headers of a log record, or body and headers of an HTTP request. */
export interface EventBytes {
  readonly value: Uint8Array;
  readonly headers: ReadonlyMap<string, Uint8Array>;
}

/** Reads a CloudEvent of either mode, or a plain body, by the rules of the intake topics (`decodeIntake`). */
export function readEvent(bytes: EventBytes): Reading {
  const decoded = decodeIntake(bytes);
  if (decoded.kind === 'malformed') {
    const detail = decoded.issues.map((issue) => issue.diagnostics).join('; ');
    return {
      kind: 'problem',
      problem: problem(bytes.value.length === 0 ? 'BODY_EMPTY' : 'ENVELOPE_INVALID', {
        detail,
        issues: decoded.issues,
      }),
    };
  }
  const { event } = decoded;
  if (bodyForm(event.contentType) !== 'json') return { kind: 'problem', problem: problem('CONTENT_TYPE_UNSUPPORTED') };
  const json = asBuffer(event.data);
  const parsed = json.length === 0 ? { kind: 'json' as const, value: undefined } : parseJson(json);
  if (parsed.kind === 'problem') return parsed;
  // The trace of the sender of the record takes precedence over that of the producer of the event.
  const sent = bytes.headers.get('traceparent');
  const traceparent = sent === undefined ? event.traceparent : asBuffer(sent).toString('latin1');
  return {
    kind: 'message',
    message: { attributes: eventAttributes(event, traceparent), body: parsed.value, bytes: json },
  };
}

function eventAttributes(event: IntakeEvent, traceparent: string | undefined): MessageAttributes {
  const { source, id, time, contentType, contract, deadlineMs, request, author } = event;
  return {
    contentType,
    ...(source !== undefined && { source }),
    ...(id !== undefined && { id }),
    ...(time !== undefined && { time }),
    ...(contract !== undefined && { contract }),
    ...(event.class !== undefined && { class: event.class }),
    ...(deadlineMs !== undefined && { deadlineMs }),
    ...(request !== undefined && { request }),
    ...(author !== undefined && { author }),
    ...(traceparent !== undefined && { traceparent }),
  };
}

/** A Buffer over the same bytes, not copied. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
