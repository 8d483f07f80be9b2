import { CodedError } from '@medrex/coded-error';
import { isSignedBy } from './authors/signed-by.ts';
import type { Operation } from './contract.ts';
import { executeBatchErrors } from './errors.ts';
import { packKeys, unpackKeys } from './mode-letters.ts';

/** What the pipeline needs of an operation: everything but facts and bodies. */
export type OperationHeader = Omit<Operation, 'facts' | 'bodies'>;

const fixedBytes = 10;
const bodiesMax = 0xffff;

/**
 * Encodes an operation: `u32 header length, u32 facts length, u16 count of bodies, u32 length of each body, header
 * JSON, facts JSON, bodies`, big-endian. For routing only the header is read; the contract parses the facts, and nobody
 * the bodies.
 */
export function encodeOperation(operation: Operation): Uint8Array {
  const { opId, sourceHash, contract, templateVersion, time, bodies, author } = operation;
  if (bodies.length > bodiesMax) throw invalid(`${bodies.length} bodies are more than ${bodiesMax}`);
  const keys = packKeys(operation.keys);
  const header = JSON.stringify({ opId, sourceHash, contract, templateVersion, time, keys, author });
  const facts = JSON.stringify(operation.facts);
  const headerLength = Buffer.byteLength(header);
  const factsLength = Buffer.byteLength(facts);
  let total = fixedBytes + bodies.length * 4 + headerLength + factsLength;
  for (const body of bodies) total += body.length;
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeUInt32BE(headerLength, 0);
  bytes.writeUInt32BE(factsLength, 4);
  let at = bytes.writeUInt16BE(bodies.length, 8);
  for (const body of bodies) at = bytes.writeUInt32BE(body.length, at);
  at += bytes.write(header, at);
  at += bytes.write(facts, at);
  for (const body of bodies) {
    bytes.set(body, at);
    at += body.length;
  }
  return bytes;
}

/**
 * The inverse of `encodeOperation`. The bodies are views of `bytes`, neither copied nor parsed.
 * @throws CodedError INVALID_OPERATION_BYTES
 */
export function decodeOperation(bytes: Uint8Array): Operation {
  const { view, factsStart, bodiesStart, bodyLengths, header } = readParts(bytes);
  const facts = parseObject(view.toString('utf8', factsStart, bodiesStart), 'its facts are');
  let start = bodiesStart;
  const bodies = bodyLengths.map((length) => bytes.subarray(start, (start += length)));
  return { ...header, facts: facts as Operation['facts'], bodies };
}

/**
 * Decodes name, keys and time of an operation, without its facts.
 * @throws CodedError INVALID_OPERATION_BYTES
 */
export function decodeOperationHeader(bytes: Uint8Array): OperationHeader {
  return readParts(bytes).header;
}

interface Parts {
  readonly view: Buffer;
  readonly factsStart: number;
  readonly bodiesStart: number;
  readonly bodyLengths: readonly number[];
  readonly header: OperationHeader;
}

function readParts(bytes: Uint8Array): Parts {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < fixedBytes) throw invalid('it is shorter than its lengths');
  const headerStart = fixedBytes + view.readUInt16BE(8) * 4;
  if (view.length < headerStart) throw invalid('it is shorter than its lengths');
  const factsStart = headerStart + view.readUInt32BE(0);
  const bodiesStart = factsStart + view.readUInt32BE(4);
  const bodyLengths: number[] = [];
  let total = bodiesStart;
  for (let at = fixedBytes; at < headerStart; at += 4) {
    const length = view.readUInt32BE(at);
    bodyLengths.push(length);
    total += length;
  }
  if (total !== view.length) throw invalid(`its lengths come to ${total} bytes, and it has ${view.length}`);
  const header = readHeader(view.toString('utf8', headerStart, factsStart));
  return { view, factsStart, bodiesStart, bodyLengths, header };
}

const utcTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function readHeader(text: string): OperationHeader {
  const { opId, sourceHash, contract, templateVersion, time, keys, author } = parseObject(text, 'its header is');
  const declared = unpackKeys(keys);
  if (
    typeof opId !== 'string' ||
    typeof sourceHash !== 'string' ||
    typeof contract !== 'string' ||
    typeof templateVersion !== 'number' ||
    typeof time !== 'string' ||
    !utcTime.test(time) ||
    declared === undefined ||
    !(author === undefined || isSignedBy(author))
  ) {
    throw invalid('its header lacks a field or has one of another type');
  }
  const header = { opId, sourceHash, contract, templateVersion, keys: declared, time };
  return author === undefined ? header : { ...header, author };
}

function parseObject(text: string, what: string): Readonly<Record<string, unknown>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (isObject(parsed)) return parsed;
  } catch {
    // The parser's message quotes the text, which must not be repeated.
  }
  throw invalid(`${what} no JSON object`);
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (what: string): CodedError =>
  new CodedError(executeBatchErrors.INVALID_OPERATION_BYTES, `operation bytes cannot be read: ${what}`);
