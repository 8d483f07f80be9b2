import { CodedError } from '@medrex/coded-error';
import type { Operation } from './contract.ts';
import { executeBatchErrors } from './errors.ts';
import { packKeys, unpackKeys } from './mode-letters.ts';

/** Everything of an operation but its bodies, and how long these are. */
export type OperationHeader = Omit<Operation, 'bodies'> & { readonly bodyLengths: readonly number[] };

const bodiesMax = 0xffff;

/**
 * An operation as bytes: `u32 header length, u16 count of bodies, u32 length of each body, header JSON, bodies`, big-endian. The bodies
 * stand at the end as they are, so whoever routes an operation never looks at them.
 */
export function encodeOperation(operation: Operation): Uint8Array {
  const { opId, sourceHash, contract, templateVersion, time, facts, bodies } = operation;
  if (bodies.length > bodiesMax) throw invalid(`${bodies.length} bodies are more than ${bodiesMax}`);
  const keys = packKeys(operation.keys);
  const header = JSON.stringify({ opId, sourceHash, contract, templateVersion, time, keys, facts });
  const headerLength = Buffer.byteLength(header);
  let total = 6 + bodies.length * 4 + headerLength;
  for (const body of bodies) total += body.length;
  const bytes = Buffer.allocUnsafe(total);
  bytes.writeUInt32BE(headerLength, 0);
  bytes.writeUInt16BE(bodies.length, 4);
  let at = 6;
  for (const body of bodies) at = bytes.writeUInt32BE(body.length, at);
  at += bytes.write(header, at);
  for (const body of bodies) {
    bytes.set(body, at);
    at += body.length;
  }
  return bytes;
}

/**
 * The inverse of `encodeOperation`. The bodies are views of `bytes`: not copied, not parsed, and changed when `bytes` is.
 * @throws CodedError INVALID_OPERATION_BYTES
 */
export function decodeOperation(bytes: Uint8Array): Operation {
  const { bodyLengths, ...header } = decodeOperationHeader(bytes);
  let end = bytes.length;
  const bodies = new Array<Uint8Array>(bodyLengths.length);
  for (let index = bodyLengths.length - 1; index >= 0; index--) {
    const start = end - (bodyLengths[index] ?? 0);
    bodies[index] = bytes.subarray(start, end);
    end = start;
  }
  return { ...header, bodies };
}

/**
 * An operation without its bodies, for whoever only needs its name and keys.
 * @throws CodedError INVALID_OPERATION_BYTES
 */
export function decodeOperationHeader(bytes: Uint8Array): OperationHeader {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.length < 6) throw invalid('it is shorter than its lengths');
  const headerLength = view.readUInt32BE(0);
  const bodyCount = view.readUInt16BE(4);
  const headerStart = 6 + bodyCount * 4;
  if (view.length < headerStart) throw invalid('it is shorter than its lengths');
  const bodyLengths: number[] = [];
  let total = headerStart + headerLength;
  for (let at = 6; at < headerStart; at += 4) {
    const length = view.readUInt32BE(at);
    bodyLengths.push(length);
    total += length;
  }
  if (total !== view.length) throw invalid(`its lengths come to ${total} bytes, and it has ${view.length}`);
  return { ...readHeader(view.toString('utf8', headerStart, headerStart + headerLength)), bodyLengths };
}

const utcTime = /^\d{4}-\d\d-\d\dT[\d:.]+Z$/;

function readHeader(text: string): Omit<Operation, 'bodies'> {
  const { opId, sourceHash, contract, templateVersion, time, keys, facts } = parseObject(text);
  const declared = unpackKeys(keys);
  if (
    typeof opId !== 'string' ||
    typeof sourceHash !== 'string' ||
    typeof contract !== 'string' ||
    typeof templateVersion !== 'number' ||
    typeof time !== 'string' ||
    !utcTime.test(time) ||
    declared === undefined ||
    !isObject(facts)
  ) {
    throw invalid('its header lacks a field or has one of another type');
  }
  return { opId, sourceHash, contract, templateVersion, keys: declared, time, facts: facts as Operation['facts'] };
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    const header: unknown = JSON.parse(text);
    if (isObject(header)) return header;
  } catch {
    // The parser's message quotes the text, which is nobody's business: what follows says enough.
  }
  throw invalid('its header is no JSON object');
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (what: string): CodedError =>
  new CodedError(executeBatchErrors.INVALID_OPERATION_BYTES, `operation bytes cannot be read: ${what}`);
