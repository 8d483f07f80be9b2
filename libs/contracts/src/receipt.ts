import type { JsonValue } from '@medrex/execute-batch';
import { z } from 'zod';
import type { RefusalIssue } from './intake-contract.ts';
import { jsonCodec } from './json-codec.ts';
import type { OperationClass } from './operation-class.ts';
import { epochMs, jsonValue, mintedId, operationClass, refusalIssue, wholeNumber } from './schemas.ts';

/** How far one item of a message has come. `pending` is accepted and not terminal; `refused` never became an operation. */
export const receiptItemStates = ['pending', 'applied', 'rejected', 'dead', 'refused'] as const;
export type ReceiptItemState = (typeof receiptItemStates)[number];

export interface ReceiptItem {
  readonly item: number;
  readonly state: ReceiptItemState;
  /** OK, ACCEPTED, or why not. */
  readonly code: string;
  /** Absent for a refused item. */
  readonly opId?: string;
  /** The operation that ended dead and of which this one is another attempt. */
  readonly resendOf?: string;
  readonly message?: string;
  /** What the contract tells the sender, e.g. id and version of each entry. */
  readonly detail?: JsonValue;
  /** The author whose signature the ledger found right. */
  readonly author?: string;
  readonly issues?: readonly RefusalIssue[];
}

/** A partition of an intake topic that stands still, or did. */
export interface ReceiptDelay {
  /** The class of the operations that wait for room; absent where something else is waited for. */
  readonly class?: OperationClass;
  readonly sinceMs: number;
  /** Seconds until there should be room for the class at the rate of now, 30 at most; what stands behind takes longer. */
  readonly expectedS?: number;
}

/**
 * What the sender of a message is told. One is sent when the message was taken in (`accepted`, or `refused` as a whole) and one
 * when all of its operations are terminal (`settled`); each may come more than once, with the same content.
 * It never carries the message's bytes: intake topic, partition and offset say where they are.
 *
 * Two more are about a partition of an intake topic, with the topic as their source: `delayed` when it stands still for more than
 * a second, again every 30 s while it does, and `resumed` when it has gone on for 10 s. `intake` says at which record it stands or stood; what is behind
 * that waits too. After a minute without a repeat the delay is over, or its reader has ended and another one goes on.
 */
export interface Receipt {
  readonly source: string;
  readonly id: string;
  /** True when the sender gave no id and this one was made from the message's place in the log: a second sending is then a second message. */
  readonly isIdMinted: boolean;
  readonly state: (typeof receiptStates)[number];
  /** OK, ACCEPTED, REPEAT, the code of the refusal, or what is waited for: WAITING_FOR_ROOM, or the code of what does not answer. */
  readonly code: string;
  /** In item order; empty when the message was refused as a whole. */
  readonly items: readonly ReceiptItem[];
  /** What is wrong with the message as a whole, as the entries of a FHIR OperationOutcome. */
  readonly issues: readonly RefusalIssue[];
  /** Where the message stands in the intake log; absent when it came over HTTP. */
  readonly intake?: { readonly topic: string; readonly partition: number; readonly offset: number };
  /** Of `delayed` and `resumed` only. */
  readonly delay?: ReceiptDelay;
  readonly atMs: number;
}

const receiptStates = ['accepted', 'refused', 'settled', 'delayed', 'resumed'] as const;

const receiptItem = z.object({
  item: wholeNumber,
  state: z.enum(receiptItemStates),
  code: z.string().min(1),
  opId: mintedId.optional(),
  resendOf: mintedId.optional().describe('the dead operation of which this one is another attempt'),
  message: z.string().optional(),
  detail: jsonValue.optional(),
  author: z.string().optional().describe('author whose signature the ledger verified; absent: attested by ingest'),
  issues: z.array(refusalIssue).optional(),
}) satisfies z.ZodType<ReceiptItem>;

export const receiptSchema = z.object({
  source: z.string(),
  id: z.string(),
  isIdMinted: z.boolean(),
  state: z
    .enum(receiptStates)
    .describe(
      'state of a message; delayed and resumed are states of a partition of an intake topic, which is the source',
    ),
  code: z.string().min(1),
  items: z.array(receiptItem),
  issues: z.array(refusalIssue),
  intake: z.object({ topic: z.string(), partition: wholeNumber, offset: wholeNumber }).optional(),
  delay: z
    .object({
      class: operationClass.optional().describe('class of the operations that wait for room'),
      sinceMs: epochMs,
      expectedS: wholeNumber.optional().describe('estimated seconds until there is room for the class, 30 at most'),
    })
    .optional()
    .describe('for delayed and resumed; intake names the record at which the partition is or was paused'),
  atMs: epochMs,
}) satisfies z.ZodType<Receipt>;

/** Reads and writes the records of the `receipts` topic. */
export const receiptCodec = jsonCodec<Receipt>('receipt', 1, receiptSchema);

export const receiptExample: Receipt = {
  source: 'urn:ehr:ward-3',
  id: '7f3e2a10',
  isIdMinted: false,
  state: 'settled',
  code: 'OK',
  items: [
    {
      item: 0,
      state: 'applied',
      code: 'OK',
      opId: '5f0c2d7a9b1e4c3688d2f4a6e0b7c915',
      detail: { id: '7d1f', version: 1 },
    },
  ],
  issues: [],
  intake: { topic: 'medrex.ehr.intake.v1', partition: 4, offset: 90_211 },
  atMs: 1_790_000_000_300,
};
