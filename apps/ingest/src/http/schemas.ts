import { operationClasses, perTransactionContract } from '@medrex/contracts';
import { z } from 'zod';
import { callSchema } from '../calls/call-schema.ts';

/** Schemas of the HTTP API: what OpenAPI shows. Answers are built in views.ts; a test checks that they fit. */

const id = z.string().regex(/^[0-9a-f]{32}$/);
const time = z.iso.datetime();
const statusUrl = z.string().describe('where the status is found');

export const problemSchema = z
  .looseObject({
    type: z.string().describe('urn:medrex:problem:<code>'),
    title: z.string(),
    status: z.int(),
    code: z.string(),
    detail: z.string().describe('what happened to what; never a piece of the message'),
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
    firstDigest: z.string().optional().describe('409 ID_REUSED: digest of the body that came first'),
    limitBytes: z.int().optional(),
    limitLines: z.int().optional(),
    class: z.enum(operationClasses).optional().describe('429 SHED: class that was shed'),
    limits: z
      .record(z.string(), z.number())
      .optional()
      .describe('429 SHED: live operations below which each class is taken'),
  })
  .describe('RFC 9457 problem');

const operationReceipt = {
  transactionId: id.describe('names the operation for ever'),
  seq: z.int().optional().describe('place in the promised order; rises, with gaps'),
  digest: id.describe('keyed hash of the body'),
  acceptedAt: time,
  statusUrl,
};
const mode = z
  .literal(perTransactionContract)
  .optional()
  .describe('a call: its protocol is the weaker one, see docs/how-to/any-contract.md');
const messageName = {
  source: z.string(),
  id: z.string(),
  mode,
  isIdDerived: z.boolean().describe('true: the message had no id, and sent again it is another message'),
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
    'The same for every repeat of the message. A message of several items (a batch Bundle) has a list of them.',
  );

export const batchSchema = z
  .object({
    accepted: z.int().describe('lines that were taken now'),
    repeated: z.int().describe('lines that came before, with the same body'),
    refused: z.int().describe('lines of which something was refused'),
    items: z.array(
      z.looseObject({
        line: z.int().describe('from 1, blank lines counted'),
        status: z.int().describe('202 accepted, 200 a repeat, 207 its items fared differently, else refused'),
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
    code: z.string().optional().describe('OK, or why not'),
    message: z.string().optional(),
    remedy: z.string().optional().describe('what to do, where the author was refused'),
    author: z
      .string()
      .optional()
      .describe('on whose word it stands: `signed by <id>`, as the ledger checked, or `attested by ingest`'),
    detail: z
      .unknown()
      .optional()
      .describe(
        'what the contract tells: for FHIR one object per entry with reference and version; for a call `payload` as the contract answered it, with `encoding` where it is base64 and `isCut` where it was longer',
      ),
    item: z.int().optional(),
    fabric: z.object({ transactionId: z.string(), block: z.int(), position: z.int() }).optional(),
    hasUndeclaredKeys: z
      .boolean()
      .optional()
      .describe('its order was promised on declared keys only from when the others were found'),
  })
  .describe('How far an accepted operation is. An unknown one is answered 404.');

export const deadLetterSchema = z
  .object({
    id: z.string().describe('of the letter'),
    kind: z.enum(['operation', 'message']),
    code: z.string().describe('why it is dead, or was refused'),
    message: z.string().optional(),
    bytes: z.int().describe('bytes of the operation, sealed bodies included, or of the sealed message'),
    transactionId: id.optional().describe('the operation that ended dead; its id is the same'),
    class: z.enum(operationClasses).optional().describe('of that operation'),
    keys: z.int().optional().describe('how many keys it declared'),
    intake: z
      .object({ topic: z.string(), partition: z.int(), offset: z.int() })
      .optional()
      .describe('where the message stands that was refused'),
    issues: z
      .array(z.record(z.string(), z.unknown()))
      .optional()
      .describe('what is wrong with it; only where one letter is shown'),
    settledAt: time,
    resendUrl: z.string().describe('POST there to send it again'),
  })
  .describe(
    'An operation that ended dead, or a message of an intake topic that was refused, wholly or in part. Its content is sealed and not shown.',
  );

export const deadLettersSchema = z.object({ deadLetters: z.array(deadLetterSchema) }).describe('The newest first.');

export const resendSchema = z
  .object({
    ...operationReceipt,
    source: z.string(),
    id: z.string(),
    resendOf: id.describe('the operation that ended dead'),
    attempt: z.int().describe('1 for the first resend'),
  })
  .describe('The same for every resend of one letter.');

export const messageStatusSchema = z.object({
  source: z.string(),
  id: z.string(),
  transactions: z.array(statusSchema),
});

/** The body of a call: what is called, and what else names every message. */
export const callRequestSchema = callSchema
  .extend({
    id: z.string().optional().describe('with source the name of the call: the same again is a repeat'),
    source: z.string().optional(),
    class: z.enum(operationClasses).optional().describe('clinical when left out'),
    deadline: z.union([time, z.int()]).optional().describe('not to be carried out after this'),
  })
  .describe('One function of a chaincode that knows nothing of Medrex.');

export const envelopeSchema = z
  .object({
    id: z.string().optional().describe('with source the name of the message: the same again is a repeat'),
    source: z.string().optional(),
    contract: z.string().optional(),
    class: z.enum(operationClasses).optional(),
    deadline: z.union([time, z.int()]).optional().describe('not to be applied after this; ISO 8601, or ms since 1970'),
    time: time.optional().describe('when it happened; older than the dedupe window it is refused'),
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
    resource: z.looseObject({}).optional().describe('the message; `body` and `data` mean the same'),
  })
  .describe('One line of a batch. A line may also be the bare resource, or a structured CloudEvent.');
