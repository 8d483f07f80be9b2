import type { JsonValue } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import { z } from 'zod';
import { jsonCodec } from './json-codec.ts';
import { declaredKey, epochMs, jsonValue, mintedId, seq, traceparent, wholeNumber } from './schemas.ts';

/** How one operation ended. Every accepted operation ends exactly once; repeated reports are identical. */
export interface OperationOutcome {
  readonly seq: number;
  readonly opId: string;
  readonly sourceHash: string;
  readonly sealedName: string;
  readonly item: number;
  readonly status: 'applied' | 'rejected' | 'dead';
  readonly code: string;
  readonly message?: string;
  readonly detail?: JsonValue;
  readonly txId: string;
  readonly blockNum: number;
  readonly txNum: number;
  /** Keys that it touched without declaring them; the order on these is promised from their discovery on. */
  readonly undeclared?: readonly DeclaredKey[];
  /** The author whose signature the ledger verified; absent if only ingest is responsible. */
  readonly author?: string;
  readonly traceparent?: string;
}

/** The value of one record of the `outcomes` topic: all operations that one Fabric transaction settled. */
export interface TransactionOutcomes {
  readonly txId: string;
  readonly blockNum: number;
  readonly txNum: number;
  /** When orderer-dag saw the block, epoch ms. */
  readonly committedAtMs: number;
  readonly outcomes: readonly OperationOutcome[];
}

const operationOutcome = z.object({
  seq,
  opId: mintedId,
  sourceHash: mintedId,
  sealedName: z.string().describe('(source, id) of the message, sealed: only ingest can name it'),
  item: wholeNumber,
  status: z.enum(['applied', 'rejected', 'dead']),
  code: z.string().min(1),
  message: z.string().optional(),
  detail: jsonValue.optional(),
  txId: z.string(),
  blockNum: wholeNumber,
  txNum: wholeNumber,
  undeclared: z.array(declaredKey).optional(),
  author: z.string().optional().describe('author whose signature the ledger verified; absent: attested by ingest'),
  traceparent: traceparent.optional(),
}) satisfies z.ZodType<OperationOutcome>;

export const transactionOutcomesSchema = z.object({
  txId: z.string(),
  blockNum: wholeNumber,
  txNum: wholeNumber,
  committedAtMs: epochMs,
  outcomes: z.array(operationOutcome),
}) satisfies z.ZodType<TransactionOutcomes>;

/** Reads and writes the records of the `outcomes` topic. */
export const outcomesCodec = jsonCodec<TransactionOutcomes>('outcomes', 1, transactionOutcomesSchema);

export const outcomesExample: TransactionOutcomes = {
  txId: '0d5f9c1f7a3e4b62',
  blockNum: 812,
  txNum: 0,
  committedAtMs: 1_790_000_000_250,
  outcomes: [
    {
      seq: 1_048_576,
      opId: '5f0c2d7a9b1e4c3688d2f4a6e0b7c915',
      sourceHash: '9c1185a5c5e9fc54612808977ee8f548',
      sealedName: 'q83vEjRWeJCrze8SNFZ4kA==',
      item: 0,
      status: 'applied',
      code: 'OK',
      detail: { id: '7d1f', version: 1 },
      txId: '0d5f9c1f7a3e4b62',
      blockNum: 812,
      txNum: 0,
    },
  ],
};
