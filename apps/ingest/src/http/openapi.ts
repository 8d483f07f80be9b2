import { z } from 'zod';
import {
  batchSchema,
  callRequestSchema,
  deadLetterSchema,
  deadLettersSchema,
  envelopeSchema,
  messageStatusSchema,
  problemSchema,
  receiptSchema,
  resendSchema,
  statusSchema,
} from './schemas.ts';

/** Default and maximum number of dead letters in one page. */
export const deadLettersStandard = 50;
export const deadLettersMax = 1_000;

/** The variable parts of the document. */
export interface OpenApiFacts {
  readonly version: string;
  readonly requestBytesMax: number;
  readonly linesMax: number;
  readonly operationBytesMax: number;
  readonly advisedLines: number;
  readonly dedupeWindowMs: number;
}

type Json = Readonly<Record<string, unknown>>;

const components = {
  Problem: problemSchema,
  Receipt: receiptSchema,
  BatchResult: batchSchema,
  Status: statusSchema,
  MessageStatus: messageStatusSchema,
  Envelope: envelopeSchema,
  Call: callRequestSchema,
  DeadLetter: deadLetterSchema,
  DeadLetters: deadLettersSchema,
  Resend: resendSchema,
};

/** The OpenAPI 3.1 description of the HTTP API, generated from the zod schemas of its answers. */
export function openApi(facts: OpenApiFacts): Json {
  const schemas = Object.fromEntries(Object.entries(components).map(([name, schema]) => [name, schemaOf(schema)]));
  return {
    openapi: '3.1.0',
    info: {
      title: 'Medrex ingest',
      version: facts.version,
      description: introduction(facts),
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    tags: [{ name: 'transactions' }, { name: 'dead letters' }, { name: 'FHIR' }, { name: 'operations' }],
    paths: { ...transactionPaths(facts), ...callPaths(), ...deadLetterPaths(), ...fhirPaths(), ...operationalPaths() },
    components: { schemas },
  };
}

function schemaOf(schema: z.ZodType): Json {
  const made = z.toJSONSchema(schema, { target: 'draft-2020-12', unrepresentable: 'any' });
  return Object.fromEntries(Object.entries(made).filter(([name]) => name !== '$schema'));
}

function introduction({ requestBytesMax, linesMax, operationBytesMax, dedupeWindowMs }: OpenApiFacts): string {
  const days = dedupeWindowMs / 86_400_000;
  return [
    'A message is named by (source, id): ce-source and ce-id, or Idempotency-Key, or the fields of an envelope. The same name with the same body gets the first receipt (200); with another body 409.',
    `A name is remembered for ${days} days; a message whose own time is older is refused, since repeats are no longer recognised. A message without a name gets one, and its repeat is another message.`,
    `Limits: ${requestBytesMax} bytes per request, ${linesMax} lines per batch, ${operationBytesMax} bytes per operation and line.`,
    'Message ids appear in receipts in plain text: do not put patient identifiers into them.',
  ].join('\n\n');
}

const ref = (name: keyof typeof components): Json => ({ $ref: `#/components/schemas/${name}` });
const json = (schema: Json): Json => ({ 'application/json': { schema } });
const answer = (description: string, schema: Json): Json => ({ description, content: json(schema) });
const problemAnswer = (description: string): { readonly description: string; readonly content: Json } => ({
  description,
  content: { 'application/problem+json': { schema: ref('Problem') } },
});
const header = (name: string, description: string): Json => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string' },
});
const query = (name: string, description: string, required = false): Json => ({
  name,
  in: 'query',
  required,
  description,
  schema: { type: 'string' },
});
const pathText = (name: string): Json => ({ name, in: 'path', required: true, schema: { type: 'string' } });

const nameHeaders = [
  header('Idempotency-Key', 'id of the message'),
  header('ce-id', 'id of the message, as in a CloudEvent in binary mode'),
  header('ce-source', 'source of the message'),
  header('ce-time', 'time of the event'),
  header('ce-medrexclass', 'priority class'),
  header('ce-medrexdeadline', 'time after which it must not be applied'),
  header('ce-medrexcontract', 'contract of the message'),
  header('ce-medrexauthor', 'author who signed the message; requires ce-medrexsalt, ce-medrexsignature and ce-time'),
  header('ce-medrexsalt', 'salt of the signature: 16 to 64 random bytes, base64url'),
  header('ce-medrexsignature', 'signature, base64url; docs/how-to/signed-operations.md says what is signed'),
  header('traceparent', 'W3C trace context to continue'),
];

const refusals: Readonly<Record<number, { readonly description: string; readonly content: Json }>> = {
  400: problemAnswer('The request cannot be read.'),
  409: problemAnswer('The name was used for another body, whose digest is firstDigest.'),
  413: problemAnswer('Over a limit, which the detail names.'),
  415: problemAnswer('The content type is not supported.'),
  422: problemAnswer('The contract refused it; issues name the elements.'),
  500: problemAnswer('Internal error. Send the same message again, with the same id.'),
  429: problemAnswer('Shed: too many live operations for its class. Send it again after Retry-After.'),
  503: problemAnswer('Nothing can be accepted at the moment. Send it again after Retry-After.'),
};

/** A message whose items were all refused is answered with the refusal of each item. */
const refusalsOr = (name: keyof typeof components): Json =>
  Object.fromEntries(
    Object.entries(refusals).map(([status, { description, content }]) => [
      status,
      { description, content: { ...content, ...json(ref(name)) } },
    ]),
  );

function transactionPaths({ advisedLines }: OpenApiFacts): Json {
  const body = {
    'application/fhir+json': { schema: { type: 'object' } },
    'application/json': { schema: { type: 'object' } },
    'application/cloudevents+json': { schema: { type: 'object' } },
  };
  const ndjson = {
    'application/x-ndjson': { schema: ref('Envelope') },
    'application/fhir+json': { schema: { type: 'object', description: 'a Bundle' } },
  };
  return {
    '/v1/transactions': {
      post: {
        tags: ['transactions'],
        summary: 'Send one message',
        parameters: [...nameHeaders, header('Prefer', 'wait=<seconds>: answer with the outcome if it arrives in time')],
        requestBody: { required: true, content: body },
        responses: {
          202: answer('Accepted; Location is the URL of the status.', ref('Receipt')),
          200: answer('A repeat: the first receipt. With Prefer: wait, the outcome.', {
            anyOf: [ref('Receipt'), ref('Status'), ref('MessageStatus')],
          }),
          207: answer('Items have different results.', ref('Receipt')),
          ...refusalsOr('Receipt'),
        },
      },
      get: {
        tags: ['transactions'],
        summary: 'Status by the name of the message',
        parameters: [query('source', 'source of the message', true), query('id', 'id of the message', true)],
        responses: {
          200: answer('Its operations.', ref('MessageStatus')),
          400: problemAnswer('Source or id is missing.'),
          404: problemAnswer('Unknown.'),
        },
      },
    },
    '/v1/transactions/{id}': {
      get: {
        tags: ['transactions'],
        summary: 'Status of an operation',
        parameters: [pathText('id')],
        responses: {
          200: answer('Pending or settled.', ref('Status')),
          404: problemAnswer('Unknown (a pending operation is not unknown).'),
        },
      },
    },
    '/v1/batches': {
      post: {
        tags: ['transactions'],
        summary: 'Send many messages',
        description: `NDJSON, one message per line, or a FHIR Bundle. The order of lines is kept. ${advisedLines} lines per request are advised (header Medrex-Advised-Lines).`,
        parameters: [...nameHeaders.slice(0, 1), ...nameHeaders.slice(2)],
        requestBody: { required: true, content: ndjson },
        responses: {
          202: answer('All taken.', ref('BatchResult')),
          200: answer('All lines are repeats.', ref('BatchResult')),
          207: answer('Some lines accepted, some refused.', ref('BatchResult')),
          ...refusalsOr('BatchResult'),
        },
      },
    },
    '/v1/outcomes': {
      get: {
        tags: ['transactions'],
        summary: 'Stream of outcomes (server-sent events)',
        parameters: [
          query('source', 'only outcomes of messages of this source'),
          query('opIds', 'only these transactions, comma-separated'),
          header('Last-Event-ID', 'resume behind this event'),
        ],
        responses: {
          200: {
            description:
              'Events named outcome, and one named gap when outcomes behind the Last-Event-ID are no longer kept.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          400: problemAnswer('Last-Event-ID is not an id of this stream.'),
          503: problemAnswer('Too many listeners.'),
        },
      },
    },
  };
}

function callPaths(): Json {
  return {
    '/v1/channels/{channel}/transactions': {
      post: {
        tags: ['transactions'],
        summary: 'Call a function of any chaincode (per-transaction mode)',
        description:
          'For chaincodes not written for Medrex: one Fabric transaction per call, ordered on the keys that it touches. The guarantees are weaker: a repeat of an applied call is recognised by its transaction, order is guaranteed on named keys only, and arguments are in plain text on the ledger.',
        parameters: [pathText('channel'), ...nameHeaders.slice(0, 3), header('Prefer', 'wait=<seconds>')],
        requestBody: { required: true, content: { 'application/json': { schema: ref('Call') } } },
        responses: {
          202: answer('Accepted; Location is the URL of the status.', ref('Receipt')),
          200: answer('A repeat: the first receipt. With Prefer: wait, the outcome.', {
            anyOf: [ref('Receipt'), ref('Status')],
          }),
          404: problemAnswer('This instance serves another channel.'),
          501: problemAnswer('Per-transaction mode is off on this instance.'),
          ...refusals,
        },
      },
    },
  };
}

function deadLetterPaths(): Json {
  const tags = ['dead letters'];
  const unknown = problemAnswer('There is no dead letter with that id.');
  const resent = { anyOf: [ref('Resend'), ref('Receipt')] };
  return {
    '/v1/dead-letters': {
      get: {
        tags,
        summary: 'Dead operations, and refused messages of the intake topics',
        parameters: [
          query('limit', `how many; ${deadLettersStandard} when absent, ${deadLettersMax} at most`),
          query('olderThan', 'id of the last letter of the previous page'),
        ],
        responses: {
          200: answer('Newest first.', ref('DeadLetters')),
          400: problemAnswer('limit is out of range.'),
          404: problemAnswer('There is no dead letter with the id in olderThan.'),
        },
      },
    },
    '/v1/dead-letters/{id}': {
      get: {
        tags,
        summary: 'A dead letter',
        parameters: [pathText('id')],
        responses: { 200: answer('Why it is dead, without its content.', ref('DeadLetter')), 404: unknown },
      },
    },
    '/v1/dead-letters/{id}/resend': {
      post: {
        tags,
        summary:
          'Resend it: an operation as its next attempt, at the end of the order and without its deadline; a message unchanged',
        parameters: [pathText('id')],
        responses: {
          202: answer('Accepted; Location is the URL of the status.', resent),
          200: answer('It was already resent: the first receipt.', resent),
          207: answer('Items of a message have different results.', ref('Receipt')),
          404: unknown,
          409: problemAnswer('The operation is not dead, or one of its patients is being erased.'),
          410: problemAnswer('One of its patients was erased, or it was too large to be kept.'),
          422: problemAnswer('The message was refused again.'),
          429: refusals[429],
          503: refusals[503],
        },
      },
    },
  };
}

function fhirPaths(): Json {
  const fhir = (description: string): Json => ({
    description,
    content: { 'application/fhir+json': { schema: { type: 'object' } } },
  });
  const responses = {
    200: fhir('Updated, or a response Bundle.'),
    201: fhir('Created; Location and ETag name the resource and its version.'),
    202: fhir(
      'Accepted (Prefer: respond-async, or the outcome took too long); Content-Location is the URL of the status.',
    ),
    '4XX': fhir('OperationOutcome.'),
    '5XX': fhir('OperationOutcome.'),
  };
  const requestBody = { required: true, content: { 'application/fhir+json': { schema: { type: 'object' } } } };
  const prefer = header('Prefer', 'respond-async, wait=<seconds>, return=minimal | representation | OperationOutcome');
  const tags = ['FHIR'];
  const type = pathText('type');
  return {
    '/fhir': {
      post: {
        tags,
        summary: 'A transaction or batch Bundle',
        parameters: [prefer, nameHeaders[0]],
        requestBody,
        responses,
      },
    },
    '/fhir/metadata': {
      get: { tags, summary: 'CapabilityStatement', responses: { 200: fhir('CapabilityStatement.') } },
    },
    '/fhir/{type}': {
      post: {
        tags,
        summary: 'Create',
        parameters: [
          type,
          prefer,
          nameHeaders[0],
          header('If-None-Exist', 'identifier=system|value: create only if there is none'),
        ],
        requestBody,
        responses,
      },
      put: {
        tags,
        summary: 'Conditional update',
        parameters: [type, query('identifier', 'system|value', true), prefer],
        requestBody,
        responses,
      },
      delete: {
        tags,
        summary: 'Conditional delete',
        parameters: [type, query('identifier', 'system|value', true), prefer],
        responses,
      },
    },
    '/fhir/{type}/{id}': {
      put: {
        tags,
        summary: 'Update, or create under this id',
        parameters: [type, pathText('id'), prefer, header('If-Match', 'W/"version", which must be the current one')],
        requestBody,
        responses,
      },
      delete: {
        tags,
        summary: 'Delete',
        parameters: [type, pathText('id'), prefer, header('If-Match', 'W/"version", which must be the current one')],
        responses,
      },
    },
  };
}

function operationalPaths(): Json {
  const text = (description: string): Json => ({
    description,
    content: { 'text/plain': { schema: { type: 'string' } } },
  });
  const tags = ['operations'];
  return {
    '/metrics': { get: { tags, summary: 'Prometheus metrics', responses: { 200: text('Metrics.') } } },
    '/healthz': {
      get: { tags, summary: 'The process is alive', responses: { 200: answer('Alive.', { type: 'object' }) } },
    },
    '/readyz': {
      get: {
        tags,
        summary: 'The process accepts messages',
        responses: {
          200: answer('Ready.', { type: 'object' }),
          503: answer('Not ready, with the reasons.', { type: 'object' }),
        },
      },
    },
  };
}
