import type { z } from 'zod';
import { analyzedCodec, analyzedExample } from './analysis.ts';
import { blockReportCodec, blockReportExample } from './block-report.ts';
import { cloudEventExample, cloudEventSchema } from './cloud-event.ts';
import { acceptedOperationSchema, operationsExample, operationsRecordVersion } from './operations-record.ts';
import { deadLetterExample, deadLetterHeadersSchema } from './dead-letter.ts';
import { outcomesCodec, outcomesExample } from './outcome.ts';
import { progressCodec, progressExample } from './progress.ts';
import { receiptCodec, receiptExample } from './receipt.ts';
import { refusedMessageExample, refusedMessageHeadersSchema, refusedMessageSchema } from './refused-message.ts';

/** One message between processes, for the generated reference. */
export interface MessageDescription {
  readonly title: string;
  readonly summary: string;
  readonly version: number;
  readonly contentType: string;
  /** Schema of the decoded message; the `operations` record is binary, see operations-record.ts. */
  readonly schema: z.ZodType;
  readonly example: unknown;
  /** Record headers of the message, each as text. */
  readonly headers?: z.ZodType;
}

const json = 'application/json';

/** Every message, by the name that the topic table uses. */
export const messages = {
  intake: {
    title: 'Clinical message',
    summary:
      'A FHIR resource or Bundle (or a message of another contract) from a hospital system, in a CloudEvents 1.0 envelope (binary or structured mode) or without one.',
    version: 1,
    contentType: 'application/cloudevents+json',
    schema: cloudEventSchema,
    example: cloudEventExample,
  },
  receipt: {
    title: 'Receipt',
    summary:
      'The result of one clinical message: accepted, refused, or settled with the outcome of each of its items. Or the state of a partition of an intake topic: paused (delayed: no room for its class, or something does not answer; repeated every 30 s), or continuing (resumed).',
    version: receiptCodec.version,
    contentType: json,
    schema: receiptCodec.schema,
    example: receiptExample,
  },
  refusedMessage: {
    title: 'Refused message',
    summary:
      'A record of an intake topic that was refused, wholly or partly. Its key, headers and bytes are sealed; the headers say where it was and why it was refused. It is empty if the record was too large to be kept; its place says where the record is.',
    version: 1,
    contentType: 'application/octet-stream',
    schema: refusedMessageSchema,
    example: refusedMessageExample,
    headers: refusedMessageHeadersSchema,
  },
  operations: {
    title: 'Accepted operations',
    summary:
      'A run of operations in their promised order: u8 version, u16 count, then per operation u32 routing length, u32 operation length, routing JSON, operation bytes; big-endian. The schema shows one decoded operation.',
    version: operationsRecordVersion,
    contentType: 'application/vnd.medrex.operations',
    schema: acceptedOperationSchema,
    example: operationsExample,
  },
  analyzed: {
    title: 'Analysed operations',
    summary: 'The place of each operation of a run in the dependency graph. Advice to the planner.',
    version: analyzedCodec.version,
    contentType: json,
    schema: analyzedCodec.schema,
    example: analyzedExample,
  },
  outcomes: {
    title: 'Outcomes of a Fabric transaction',
    summary: 'How each operation of one committed Fabric transaction ended.',
    version: outcomesCodec.version,
    contentType: json,
    schema: outcomesCodec.schema,
    example: outcomesExample,
  },
  deadLetter: {
    title: 'Dead letter',
    summary:
      'One operation that ended dead, in the binary format of accepted operations; the header names the reason. The schema shows the decoded operation.',
    version: operationsRecordVersion,
    contentType: 'application/vnd.medrex.operations',
    schema: acceptedOperationSchema,
    example: deadLetterExample,
    headers: deadLetterHeadersSchema,
  },
  progress: {
    title: 'Progress of a channel',
    summary: 'Which operations are terminal, so that they are not read again and their log can be deleted.',
    version: progressCodec.version,
    contentType: json,
    schema: progressCodec.schema,
    example: progressExample,
  },
  blocks: {
    title: 'Block',
    summary: 'Keys and versions of every transaction of a block, other writers included; no values.',
    version: blockReportCodec.version,
    contentType: json,
    schema: blockReportCodec.schema,
    example: blockReportExample,
  },
} as const satisfies Record<string, MessageDescription>;

export type MessageName = keyof typeof messages;
