import { operationClasses, perTransactionContract } from '@medrex/contracts';
import { z } from 'zod';
import { callSchema } from '../calls/call-schema.ts';

/** Schemas of the HTTP API, shown by OpenAPI. Answers are built in views.ts; a test checks that they match. */

const id = z.string().regex(/^[0-9a-f]{32}$/);
const time = z.iso.datetime();
const statusUrl = z.string().describe('URL of the status');

export const problemSchema = z
  .looseObject({
    type: z.string().describe('urn:medrex:problem:<code>'),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().describe('what happened to what; never a part of the message'),
    remedy: z.string().describe('what to do'),
    retryAfterSeconds: z.number().optional(),
    issues: z
      .array(
        z.object({
          severity: z.string(),
          code: z.string(),
          diagnostics: z.string(),
          expression: z.string().optional(),
        }),
      )
      .optional(),
    firstDigest: z.string().optional().describe('409 ID_REUSED: digest of the first body'),
    limitBytes: z.int().optional(),
    limitLines: z.int().optional(),
    class: z.enum(operationClasses).optional().describe('429 SHED: class that was shed'),
    limits: z
      .record(z.string(), z.number())
      .optional()
      .describe('429 SHED: live operations below which each class is accepted'),
  })
  .describe('RFC 9457 problem');

const operationReceipt = {
  transactionId: id.describe('permanent id of the operation'),
  seq: z.int().optional().describe('position in the promised order; increasing, with gaps'),
  digest: id.describe('keyed hash of the body'),
  acceptedAt: time,
  statusUrl,
};
const mode = z
  .literal(perTransactionContract)
  .optional()
  .describe('set for a call of per-transaction mode, which has weaker guarantees: docs/how-to/any-contract.md');
const messageName = {
  source: z.string(),
  id: z.string(),
  mode,
  isIdDerived: z.boolean().describe('true when the message had no id; sent again, it is another message'),
  advice: z.string().optional(),
};
const itemReceipt = z.object({
  item: z.int(),
  status: z.int(),
  ...z.object(operationReceipt).partial().shape,
  problem: problemSchema.optional(),
});

export const receiptSchema = z
  .union([
    z.object({ ...operationReceipt, ...messageName }),
    z.object({ ...messageName, digest: id, statusUrl, items: z.array(itemReceipt) }),
  ])
  .describe(
    'The same for every repeat of the message. For a message with several items (a batch Bundle) it lists them.',
  );

export const batchSchema = z
  .object({
    accepted: z.int().describe('lines accepted now'),
    repeated: z.int().describe('lines that are repeats'),
    refused: z.int().describe('lines refused wholly or in part'),
    items: z.array(
      z.looseObject({
        line: z.int().describe('line number from 1, counting blank lines'),
        status: z.int().describe('202 accepted, 200 a repeat, 207 items with different results, otherwise refused'),
        id: z.string().optional(),
        transactionId: id.optional(),
        seq: z.int().optional(),
        statusUrl: statusUrl.optional(),
        items: z.array(itemReceipt).optional(),
        problem: problemSchema.optional(),
      }),
    ),
  })
  .describe('One entry per line, in order.');

export const statusSchema = z
  .object({
    transactionId: id,
    state: z.enum(['pending', 'applied', 'rejected', 'dead']),
    mode,
    seq: z.int().optional(),
    digest: id,
    acceptedAt: time,
    statusUrl,
    settledAt: time.optional(),
    code: z.string().optional().describe('OK, or the code of the rejection'),
    message: z.string().optional(),
    remedy: z.string().optional().describe('what to do when the author was refused'),
    author: z
      .string()
      .optional()
      .describe('who vouches for it: `signed by <id>`, as verified on the ledger, or `attested by ingest`'),
    detail: z
      .unknown()
      .optional()
      .describe(
        'result of the contract: for FHIR one object per entry with reference and version; for a call the `payload` of the answer, with `encoding` if it is base64 and `isCut` if it was truncated',
      ),
    item: z.int().optional(),
    fabric: z.object({ transactionId: z.string(), block: z.int(), position: z.int() }).optional(),
    hasUndeclaredKeys: z
      .boolean()
      .optional()
      .describe(
        'set when the operation touched undeclared keys: its order on those holds only from when they were found',
      ),
  })
  .describe('Status of an accepted operation. An unknown one is answered 404.');

export const deadLetterSchema = z
  .object({
    id: z.string().describe('id of the dead letter'),
    kind: z.enum(['operation', 'message']),
    code: z.string().describe('code of why it is dead or refused'),
    message: z.string().optional(),
    bytes: z.int().describe('bytes of the operation, sealed bodies included, or of the sealed message'),
    transactionId: id.optional().describe('the dead operation; equal to id'),
    class: z.enum(operationClasses).optional().describe('class of the operation'),
    keys: z.int().optional().describe('number of keys that it declared'),
    intake: z
      .object({ topic: z.string(), partition: z.int(), offset: z.int() })
      .optional()
      .describe('topic, partition and offset of the refused message'),
    issues: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .describe('issues of the message; only when a single letter is shown'),
    settledAt: time,
    resendUrl: z.string().describe('URL to POST to in order to resend it'),
  })
  .describe(
    'A dead operation, or a message of an intake topic that was refused wholly or in part. Its content is sealed and not shown.',
  );

export const deadLettersSchema = z.object({ deadLetters: z.array(deadLetterSchema) }).describe('Newest first.');

export const resendSchema = z
  .object({
    ...operationReceipt,
    source: z.string(),
    id: z.string(),
    resendOf: id.describe('the dead operation'),
    attempt: z.int().describe('1 for the first resend'),
  })
  .describe('The same for every resend of a letter.');

export const messageStatusSchema = z.object({
  source: z.string(),
  id: z.string(),
  transactions: z.array(statusSchema),
});

/** The body of a call, with the attributes that every message may have. */
export const callRequestSchema = callSchema
  .extend({
    id: z.string().optional().describe('names the call together with source; a call with the same name is a repeat'),
    source: z.string().optional(),
    class: z.enum(operationClasses).optional().describe('clinical by default'),
    deadline: z.union([time, z.int()]).optional().describe('time after which it must not be executed'),
  })
  .describe('Call of a function of any chaincode.');

export const envelopeSchema = z
  .object({
    id: z
      .string()
      .optional()
      .describe('names the message together with source; a message with the same name is a repeat'),
    source: z.string().optional(),
    contract: z.string().optional(),
    class: z.enum(operationClasses).optional(),
    deadline: z
      .union([time, z.int()])
      .optional()
      .describe('time after which it must not be applied; ISO 8601, or ms since 1970'),
    time: time.optional().describe('time of the event; a message older than the dedupe window is refused'),
    traceparent: z.string().optional(),
    author: z
      .object({ id: z.string(), salt: z.string(), signature: z.string() })
      .optional()
      .describe('who signed the message; docs/how-to/signed-operations.md'),
    request: z
      .object({
        method: z.enum(['POST', 'PUT', 'DELETE']),
        url: z.string(),
        ifMatch: z.string().optional(),
        ifNoneExist: z.string().optional(),
      })
      .optional(),
    resource: z.looseObject({}).optional().describe('the message; `body` and `data` are synonyms'),
  })
  .describe('One line of a batch. A line may also be the bare resource, or a structured CloudEvent.');
