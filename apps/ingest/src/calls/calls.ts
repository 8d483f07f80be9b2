import { perTransactionContract } from '@medrex/contracts';
import type { IncomingHttpHeaders } from 'node:http';
import type { MessageAttributes, ReadMessage } from '../message/incoming-message.ts';
import { readAttributes } from '../message/attributes.ts';
import { readHttpMessage } from '../message/http-message.ts';
import { isJsonObject } from '../message/json-text.ts';
import { problem, type Problem } from '../problem.ts';

/**
 * Reads a request of per-transaction mode. Source, id, class and deadline are given by headers, as for every message, or by the
 * body.
 */
export function readCallRequest(
  headers: IncomingHttpHeaders,
  body: Buffer,
): ReadMessage | { readonly problem: Problem } {
  const reading = readHttpMessage(headers, body, Number.POSITIVE_INFINITY);
  if (reading.kind === 'problem') return reading;
  const { message } = reading;
  const own = isJsonObject(message.body) ? readAttributes(ownAttributes(message.body)) : {};
  if ('problem' in own) return { problem: own.problem };
  const { id, source } = message.attributes;
  if (namesDiffer(id, own.id) || namesDiffer(source, own.source)) return { problem: twoNames };
  return { ...message, attributes: { ...message.attributes, ...own, contract: perTransactionContract } };
}

function ownAttributes(body: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return { id: body['id'], source: body['source'], class: body['class'], deadline: body['deadline'] };
}

const namesDiffer = (one: MessageAttributes['id'], other: MessageAttributes['id']): boolean =>
  one !== undefined && other !== undefined && one !== other;

const twoNames = problem('ENVELOPE_INVALID', {
  detail: 'Headers and body both name the message, but differ.',
});
