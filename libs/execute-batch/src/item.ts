import { CodedError } from '@medrex/coded-error';
import type { StateKey } from '@medrex/keys';
import { executeBatchErrors } from './errors.ts';

/** Ends an operation without applying it: a dead letter, recorded under the operation's name. */
export interface Close {
  readonly opId: string;
  readonly sourceHash: string;
  /** The code it is closed with: EXPIRED, UNSTABLE_KEYS, ... */
  readonly reason: string;
  /** YYYY-MM-DD for the record. */
  readonly day: string;
}

/** Reads and writes one key of `probeKey`, to test whether endorsers and orderer work. */
export interface Probe {
  readonly key: StateKey;
}

/** One decoded argument of `executeBatch`. */
export type BatchItem =
  | { readonly kind: 'operation'; readonly bytes: Uint8Array }
  | ({ readonly kind: 'close' } & Close)
  | ({ readonly kind: 'probe' } & Probe);

const kinds = ['operation', 'close', 'probe'] as const;

/** An operation to apply, from the bytes of `encodeOperation`. */
export function operationItem(operationBytes: Uint8Array): Uint8Array {
  const item = Buffer.allocUnsafe(operationBytes.length + 1);
  item[0] = kinds.indexOf('operation');
  item.set(operationBytes, 1);
  return item;
}

export function closeItem({ opId, sourceHash, reason, day }: Close): Uint8Array {
  return jsonItem('close', { opId, sourceHash, reason, day });
}

export function probeItem({ key }: Probe): Uint8Array {
  return jsonItem('probe', { key });
}

/**
 * The inverse of the item builders; the bytes of an operation are a view of the item.
 * @throws CodedError INVALID_OPERATION_BYTES
 */
export function decodeItem(item: Uint8Array): BatchItem {
  const kind = kinds[item[0] ?? -1];
  if (kind === undefined) throw invalid('it starts with no known kind');
  if (kind === 'operation') return { kind, bytes: item.subarray(1) };
  const fields = parse(item.subarray(1));
  if (kind === 'close') {
    const { opId, sourceHash, reason, day } = fields;
    if (isText(opId) && isText(sourceHash) && isText(reason) && isText(day))
      return { kind, opId, sourceHash, reason, day };
  } else if (isText(fields.key)) {
    return { kind, key: fields.key as StateKey };
  }
  throw invalid(`a ${kind} lacks a field or has one of another type`);
}

function jsonItem(kind: (typeof kinds)[number], fields: object): Uint8Array {
  const text = JSON.stringify(fields);
  const item = Buffer.allocUnsafe(1 + Buffer.byteLength(text));
  item[0] = kinds.indexOf(kind);
  item.write(text, 1);
  return item;
}

function parse(bytes: Uint8Array): Readonly<Record<string, unknown>> {
  try {
    const fields: unknown = JSON.parse(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString());
    if (typeof fields === 'object' && fields !== null) return fields as Readonly<Record<string, unknown>>;
  } catch {
    // The error below is thrown instead, since the parser's message would quote the text.
  }
  throw invalid('it holds no JSON object');
}

const isText = (value: unknown): value is string => typeof value === 'string';

const invalid = (what: string): CodedError =>
  new CodedError(executeBatchErrors.INVALID_OPERATION_BYTES, `batch item cannot be read: ${what}`);
