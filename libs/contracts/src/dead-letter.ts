import { z } from 'zod';
import type { SequencedOperation } from './accepted-operation.ts';
import { contractError } from './errors.ts';
import type { LogRecord, NewRecord } from './event-log.ts';
import { decodeOperations, encodeOperationBytes, operationsExample, type RoutedBytes } from './operations-record.ts';

/** Header with the reason: the code of the outcome. */
const reasonHeader = 'reason';

/** An operation that ended dead, as it was accepted, which is what a resend needs. Bodies stay sealed. */
export interface DeadLetter extends Pick<SequencedOperation, 'routing' | 'operation' | 'operationBytes'> {
  /** Code of the outcome: EXPIRED, READY_TOO_LONG, UNSTABLE_KEYS, POISON, CONTRACT_ERROR, RECORD_UNREADABLE. */
  readonly reason: string;
  /** When it was appended, epoch ms: shortly after the operation ended. */
  readonly atMs: number;
}

/**
 * A record of the `dead-letters` topic: a record of `operations` with one operation, and the reason in a header.
 * @throws CodedError OPERATION_TOO_LARGE
 */
export function encodeDeadLetter(letter: RoutedBytes, reason: string): NewRecord {
  const [value] = encodeOperationBytes([letter]) as [Uint8Array];
  return { value, headers: new Map([[reasonHeader, Buffer.from(reason)]]) };
}

/** @throws CodedError MESSAGE_MALFORMED, MESSAGE_VERSION_UNKNOWN; the message names topic, partition and offset. */
export function decodeDeadLetter(record: LogRecord): DeadLetter {
  const [letter, second] = decodeOperations(record);
  const reason = record.headers.get(reasonHeader);
  if (letter === undefined || second !== undefined || reason === undefined) {
    const place = `${record.topic}/${record.partition} offset ${record.offset}`;
    throw contractError('MESSAGE_MALFORMED', `${place}: not a dead letter`);
  }
  const { routing, operation, operationBytes } = letter;
  return { routing, operation, operationBytes, reason: Buffer.from(reason).toString(), atMs: record.timestampMs };
}

export const deadLetterHeadersSchema = z.object({
  [reasonHeader]: z
    .string()
    .describe('code of the outcome: EXPIRED, READY_TOO_LONG, UNSTABLE_KEYS, POISON, CONTRACT_ERROR, RECORD_UNREADABLE'),
});

export const deadLetterExample = operationsExample;
