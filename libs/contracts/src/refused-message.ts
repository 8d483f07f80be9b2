import { z } from 'zod';
import { contractError } from './errors.ts';
import type { LogRecord, NewRecord } from './event-log.ts';
import { recordSize } from './record-size.ts';
import { traceparent } from './schemas.ts';
import { recordBytesMax } from './topic-table.ts';

/** The position of a record in an intake topic. */
export interface IntakeRecordPlace {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** A message of an intake topic that was refused, wholly or in part. */
export interface RefusedMessage {
  readonly intake: IntakeRecordPlace;
  /** Code of the refusal, as in the receipt. */
  readonly code: string;
  /** The reason as text of our own, without any part of the message. */
  readonly reason: string;
  /** When it was refused, epoch ms. */
  readonly refusedAtMs: number;
  /** Trace context of its sender. */
  readonly traceparent?: string;
  /** The record, sealed by the service that refused it; empty if it is too large to be stored. */
  readonly sealed: Uint8Array;
}

export const refusedMessageHeadersSchema = z.object({
  code: z.string().min(1).describe('code of the refusal, as in the receipt'),
  reason: z.string().describe('reason of the refusal'),
  topic: z.string().min(1).describe('the intake topic'),
  partition: z.string().regex(/^\d+$/).describe('partition of the message'),
  offset: z.string().regex(/^\d+$/).describe('offset of the message'),
  time: z.iso.datetime().describe('time of the refusal, ISO 8601'),
  traceparent: traceparent.optional().describe('trace context of the sender'),
});

export const refusedMessageSchema = z.string().describe('sealed bytes');

/** A record of the `.dlq` topic of an intake topic. A message that is too large for the log is left out. */
export function encodeRefusedMessage({ intake, sealed, refusedAtMs, ...refusal }: RefusedMessage): NewRecord {
  const { topic, partition, offset } = intake;
  const texts = {
    code: refusal.code,
    reason: refusal.reason,
    topic,
    partition: String(partition),
    offset: String(offset),
    time: new Date(refusedAtMs).toISOString(),
    ...(refusal.traceparent !== undefined && { traceparent: refusal.traceparent }),
  };
  const headers = new Map(Object.entries(texts).map(([name, text]) => [name, Buffer.from(text)]));
  const record = { value: sealed, headers };
  return recordSize(record) <= recordBytesMax ? record : { value: new Uint8Array(), headers };
}

/** @throws CodedError MESSAGE_MALFORMED; the message names topic, partition and offset of the record itself. */
export function decodeRefusedMessage(record: LogRecord): RefusedMessage {
  const texts = Object.fromEntries([...record.headers].map(([name, bytes]) => [name, Buffer.from(bytes).toString()]));
  const parsed = refusedMessageHeadersSchema.safeParse(texts);
  if (!parsed.success) {
    const place = `${record.topic}/${record.partition} offset ${record.offset}`;
    throw contractError('MESSAGE_MALFORMED', `${place}: not a refused message`);
  }
  const { code, reason, topic, partition, offset, time, traceparent: parent } = parsed.data;
  return {
    code,
    reason,
    intake: { topic, partition: Number(partition), offset: Number(offset) },
    refusedAtMs: Date.parse(time),
    ...(parent !== undefined && { traceparent: parent }),
    sealed: record.value,
  };
}

export const refusedMessageExample = 'QWJjZGVmZ2hpamtsbW5vcA==';
