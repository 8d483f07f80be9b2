import type { JsonValue } from '@medrex/execute-batch';
import { z } from 'zod';
import type { RefusalIssue } from './intake-contract.ts';
import { jsonCodec } from './json-codec.ts';
import type { OperationClass } from './operation-class.ts';
import { epochMs, jsonValue, mintedId, operationClass, refusalIssue, wholeNumber } from './schemas.ts';

/** State of one item of a message. `pending` is accepted and not terminal; `refused` never became an operation. */
export const receiptItemStates = ['pending', 'applied', 'rejected', 'dead', 'refused'] as const;
export type ReceiptItemState = (typeof receiptItemStates)[number];

export interface ReceiptItem {
  readonly item: number;
  readonly state: ReceiptItemState;
  /** OK, ACCEPTED, or the code of the refusal. */
  readonly code: string;
  /** Absent for a refused item. */
  readonly opId?: string;
  /** The dead operation that this one resends. */
  readonly resendOf?: string;
  readonly message?: string;
  /** The contract's result for the sender, e.g. id and version of each entry. */
  readonly detail?: JsonValue;
  /** The author whose signature the ledger verified. */
  readonly author?: string;
  readonly issues?: readonly RefusalIssue[];
}

/** A pause of a partition of an intake topic. */
export interface ReceiptDelay {
  /** The class of the operations that wait for room; absent if the partition waits for something else. */
  readonly class?: OperationClass;
  readonly sinceMs: number;
  /** Estimated seconds until there is room for the class, at most 30; later records take longer. */
  readonly expectedS?: number;
}

/**
 * What the sender of a message is told. One receipt is written when the message was accepted (`accepted`) or refused as
 * a whole (`refused`), and one when all its operations are terminal (`settled`). Each may be written more than once,
 * with the same content. It never contains the message's bytes: intake topic, partition and offset say where they are.
 * Two more are about a partition of an intake topic, with the topic as source: `delayed` when it has been paused for
 * more than a second, again every 30 s, and `resumed` when it has run for 10 s. `intake` is the record at which it is
 * or was paused; later records wait too. A minute without a repeat means that the delay is over, or that its reader has
 * ended and another one continues.
 */
export interface Receipt {
  readonly source: string;
  readonly id: string;
  /**
   * True if the sender gave no id and this one was derived from the message's place in the log. Sent again, it is
   * another message.
   */
  readonly isIdMinted: boolean;
  readonly state: (typeof receiptStates)[number];
  /**
   * OK, ACCEPTED, REPEAT, the code of the refusal, or the cause of a pause: WAITING_FOR_ROOM, or the code of the
   * service that is unavailable.
   */
  readonly code: string;
  /** In item order; empty when the message was refused as a whole. */
  readonly items: readonly ReceiptItem[];
  /** Problems of the message as a whole, as entries of a FHIR OperationOutcome. */
  readonly issues: readonly RefusalIssue[];
  /** Place of the message in the intake topic; absent for HTTP. */
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
