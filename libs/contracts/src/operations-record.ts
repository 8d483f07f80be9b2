import { isCodedError } from '@medrex/coded-error';
import { decodeOperationHeader, encodeOperation } from '@medrex/execute-batch';
import { z } from 'zod';
import {
  operationsPerRecord,
  type AcceptedOperation,
  type Routing,
  type SequencedOperation,
} from './accepted-operation.ts';
import { contractError } from './errors.ts';
import type { LogRecord } from './event-log.ts';
import { declaredKey, epochMs, jsonValue, mintedId, operationClass, traceparent, wholeNumber } from './schemas.ts';

/**
 * A record of the `operations` topic: u8 version, u16 count, then per operation u32 routing length, u32 operation length, routing as
 * JSON, the operation's own bytes. Numbers are big-endian. Bodies are neither parsed nor copied on the way out.
 */
export const operationsRecordVersion = 1;

/** A record is filled up to this many bytes; a larger operation goes alone, up to `operationBytesMax`. */
export const operationsRecordBytes = 4 * 1024 * 1024;

/** Maximum bytes of one operation with its routing: what remains of a log record of 8 MiB. */
export const operationBytesMax = 8 * 1024 * 1024 - 4096;

/** An encoded operation with its routing. */
export interface RoutedBytes {
  readonly routing: Routing;
  /** Encoded by `encodeOperation` of @medrex/execute-batch. */
  readonly operationBytes: Uint8Array;
}

const recordHeader = 3;
const operationHeader = 8;

/** Packs a run of operations into as few records as their number and size allow, in order. @throws CodedError OPERATION_TOO_LARGE */
export function encodeOperations(run: readonly AcceptedOperation[]): Uint8Array[] {
  return encodeOperationBytes(
    run.map(({ routing, operation }) => ({ routing, operationBytes: encodeOperation(operation) })),
  );
}

/** As `encodeOperations`, for operations that are already encoded. @throws CodedError OPERATION_TOO_LARGE */
export function encodeOperationBytes(run: readonly RoutedBytes[]): Uint8Array[] {
  const records: Uint8Array[] = [];
  let parts: Framed[] = [];
  let bytes = recordHeader;
  for (const one of run) {
    const framed = frame(one);
    if (parts.length === operationsPerRecord || (parts.length > 0 && bytes + framed.bytes > operationsRecordBytes)) {
      records.push(packRecord(parts, bytes));
      parts = [];
      bytes = recordHeader;
    }
    parts.push(framed);
    bytes += framed.bytes;
  }
  if (parts.length > 0) records.push(packRecord(parts, bytes));
  return records;
}

interface Framed {
  readonly routing: Buffer;
  readonly operation: Uint8Array;
  readonly bytes: number;
}

function frame({ routing, operationBytes }: RoutedBytes): Framed {
  const routingBytes = Buffer.from(JSON.stringify(routing));
  const bytes = operationHeader + routingBytes.length + operationBytes.length;
  if (bytes > operationBytesMax) {
    throw contractError('OPERATION_TOO_LARGE', `one operation has ${bytes} bytes where ${operationBytesMax} are taken`);
  }
  return { routing: routingBytes, operation: operationBytes, bytes };
}

function packRecord(parts: readonly Framed[], bytes: number): Uint8Array {
  const record = Buffer.allocUnsafe(bytes);
  record.writeUInt8(operationsRecordVersion, 0);
  record.writeUInt16BE(parts.length, 1);
  let at = recordHeader;
  for (const { routing, operation } of parts) {
    at = record.writeUInt32BE(routing.length, at);
    at = record.writeUInt32BE(operation.length, at);
    record.set(routing, at);
    record.set(operation, at + routing.length);
    at += routing.length + operation.length;
  }
  return record;
}

/**
 * The operations of a record, each at its seq. Their bytes are views of the record's value.
 * @throws CodedError MESSAGE_MALFORMED, MESSAGE_VERSION_UNKNOWN; the message names topic, partition and offset.
 */
export function decodeOperations(record: LogRecord): SequencedOperation[] {
  const value = Buffer.from(record.value.buffer, record.value.byteOffset, record.value.length);
  const operations: SequencedOperation[] = [];
  try {
    const count = checkedCount(value);
    let at = recordHeader;
    for (let place = 0; place < count; place++) {
      const routingEnd = at + operationHeader + value.readUInt32BE(at);
      const end = routingEnd + value.readUInt32BE(at + 4);
      if (end > value.length) throw new RangeError('cut off');
      const routing = JSON.parse(value.toString('utf8', at + operationHeader, routingEnd)) as Routing;
      const operationBytes = value.subarray(routingEnd, end);
      const seq = record.offset * operationsPerRecord + place;
      operations.push({ routing, operation: decodeOperationHeader(operationBytes), operationBytes, seq });
      at = end;
    }
    if (at !== value.length) throw new RangeError('bytes after the last operation');
  } catch (error) {
    throw misread(record, error);
  }
  return operations;
}

/** Number of operations in a record of `encodeOperations`, from which the writer derives the seq of each. */
export function countOperations(record: Uint8Array): number {
  return checkedCount(Buffer.from(record.buffer, record.byteOffset, record.length));
}

function checkedCount(value: Buffer): number {
  const version = value.readUInt8(0);
  if (version === operationsRecordVersion) return value.readUInt16BE(1);
  throw contractError('MESSAGE_VERSION_UNKNOWN', `version ${version} where ${operationsRecordVersion} is known`);
}

// The causes of plain errors are dropped, as a JSON parser quotes its input.
function misread(record: LogRecord, error: unknown): Error {
  const place = `${record.topic}/${record.partition} offset ${record.offset}`;
  if (isCodedError(error, 'MESSAGE_VERSION_UNKNOWN')) {
    return contractError('MESSAGE_VERSION_UNKNOWN', `${place}: ${error.message}`);
  }
  return contractError('MESSAGE_MALFORMED', `${place}: not a record of operations`);
}

/** A decoded record of the `operations` topic; for documentation and tools, not for the hot path. */
export const acceptedOperationSchema = z.object({
  routing: z.object({
    sealedName: z.string().describe('(source, id) of the message, sealed: only ingest can name it'),
    class: operationClass,
    deadlineMs: epochMs.optional(),
    acceptedAtMs: epochMs,
    traceparent: traceparent.optional(),
    item: wholeNumber,
  }) satisfies z.ZodType<Routing>,
  operation: z.object({
    opId: mintedId,
    sourceHash: mintedId,
    contract: z.string().min(1),
    templateVersion: wholeNumber,
    keys: z.array(declaredKey),
    time: z.string().describe('ISO 8601, UTC'),
    facts: z.record(z.string(), jsonValue),
    bodies: z.array(z.base64()).describe('sealed bodies'),
  }),
});

export const operationsExample: z.infer<typeof acceptedOperationSchema> = {
  routing: {
    sealedName: 'q83vEjRWeJCrze8SNFZ4kA==',
    class: 'clinical',
    acceptedAtMs: 1_790_000_000_000,
    item: 0,
  },
  operation: {
    opId: '5f0c2d7a9b1e4c3688d2f4a6e0b7c915',
    sourceHash: '9c1185a5c5e9fc54612808977ee8f548',
    contract: 'asset-transfer',
    templateVersion: 1,
    keys: [],
    time: '2026-09-21T14:13:20Z',
    facts: { asset: 'pump-12', to: 'ward-3' },
    bodies: ['q83vEjRWeJCrze8SNFZ4kA=='],
  },
};
