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

/** How many dead letters are listed when nothing is said, and at most. */
export const deadLettersStandard = 50;
export const deadLettersMax = 1_000;

/** What the document says beyond constants. */
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

/** The OpenAPI 3.1 description of the HTTP API, made from the zod schemas of its answers. */
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
    `A name is remembered for ${days} days; a message whose own time is older than that is refused, since a repeat could not be told from a new message. A message without a name is given one, and its repeat is another message.`,
    `Limits: ${requestBytesMax} bytes a request, ${linesMax} lines a batch, ${operationBytesMax} bytes an operation and so a line.`,
    'Message ids go into receipts in clear: do not put patient identifiers into them.',
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
  header('ce-id', 'id of the message, as a CloudEvent in binary mode gives it'),
  header('ce-source', 'source of the message'),
  header('ce-time', 'when it happened'),
  header('ce-medrexclass', 'priority class'),
  header('ce-medrexdeadline', 'not to be applied after this'),
  header('ce-medrexcontract', 'contract that the message is for'),
  header('ce-medrexauthor', 'author that signed it; with it come ce-medrexsalt, ce-medrexsignature and ce-time'),
  header('ce-medrexsalt', 'salt of the signature: 16 to 64 random bytes, base64url'),
  header('ce-medrexsignature', 'signature, base64url; docs/how-to/signed-operations.md says of what'),
  header('traceparent', 'W3C trace context, continued'),
];

const refusals: Readonly<Record<number, { readonly description: string; readonly content: Json }>> = {
  400: problemAnswer('It cannot be read.'),
  409: problemAnswer('The name was used for another body; firstDigest says which.'),
  413: problemAnswer('Over a limit, which is named.'),
  415: problemAnswer('Not a content type that is read here.'),
  422: problemAnswer('The contract does not take it; issues name the elements.'),
  500: problemAnswer('A failure of ours. The same message can be sent again, with the same id.'),
  429: problemAnswer('Shed: too much is live for its class. Retry-After says when to come again.'),
  503: problemAnswer('Nothing can be taken at the moment. Retry-After says when to come again.'),
};

/** Where items have answers of their own, a message of which everything was refused is answered with them. */
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
        parameters: [...nameHeaders, header('Prefer', 'wait=<seconds>: answer with the outcome if it comes in time')],
        requestBody: { required: true, content: body },
        responses: {
          202: answer('Accepted; Location names the status.', ref('Receipt')),
          200: answer('A repeat: the first receipt. With Prefer: wait, the outcome.', {
            anyOf: [ref('Receipt'), ref('Status'), ref('MessageStatus')],
          }),
          207: answer('Items fared differently.', ref('Receipt')),
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
          404: problemAnswer('Unknown, which is not pending.'),
        },
      },
    },
    '/v1/batches': {
      post: {
        tags: ['transactions'],
        summary: 'Send many messages',
        description: `NDJSON, one message per line, or a FHIR Bundle. Lines keep their order. ${advisedLines} lines a request are advised (header Medrex-Advised-Lines).`,
        parameters: [...nameHeaders.slice(0, 1), ...nameHeaders.slice(2)],
        requestBody: { required: true, content: ndjson },
        responses: {
          202: answer('All taken.', ref('BatchResult')),
          200: answer('All came before.', ref('BatchResult')),
          207: answer('Some taken, some refused.', ref('BatchResult')),
          ...refusalsOr('BatchResult'),
        },
      },
    },
    '/v1/outcomes': {
      get: {
        tags: ['transactions'],
        summary: 'Outcomes as they come (server-sent events)',
        parameters: [
          query('source', 'only messages of this source'),
          query('opIds', 'only these transactions, separated by commas'),
          header('Last-Event-ID', 'go on behind this event'),
        ],
        responses: {
          200: {
            description:
              'Events named outcome; one named gap where outcomes behind the Last-Event-ID are not kept any more.',
            content: { 'text/event-stream': { schema: { type: 'string' } } },
          },
          400: problemAnswer('Last-Event-ID is not one that was given here.'),
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
          'For contracts that know nothing of Medrex: one Fabric transaction for each call, in the order of the keys it touches. A second, weaker protocol: a repeat of an applied call is known by its transaction, order is promised on named keys only, and arguments stand in clear on the ledger.',
        parameters: [pathText('channel'), ...nameHeaders.slice(0, 3), header('Prefer', 'wait=<seconds>')],
        requestBody: { required: true, content: { 'application/json': { schema: ref('Call') } } },
        responses: {
          202: answer('Accepted; Location names the status.', ref('Receipt')),
          200: answer('A repeat: the first receipt. With Prefer: wait, the outcome.', {
            anyOf: [ref('Receipt'), ref('Status')],
          }),
          404: problemAnswer('Another channel than that of this instance.'),
          501: problemAnswer('This mode is off here.'),
          ...refusals,
        },
      },
    },
  };
}

function deadLetterPaths(): Json {
  const tags = ['dead letters'];
  const unknown = problemAnswer('No dead letter of that id is kept.');
  const resent = { anyOf: [ref('Resend'), ref('Receipt')] };
  return {
    '/v1/dead-letters': {
      get: {
        tags,
        summary: 'Operations that ended dead, and messages of the intake topics that were refused',
        parameters: [
          query('limit', `how many; ${deadLettersStandard} when absent, ${deadLettersMax} at most`),
          query('olderThan', 'id of the last one of the page before'),
        ],
        responses: {
          200: answer('The newest first.', ref('DeadLetters')),
          400: problemAnswer('Not a number that is taken.'),
          404: problemAnswer('olderThan is no dead letter that is kept.'),
        },
      },
    },
    '/v1/dead-letters/{id}': {
      get: {
        tags,
        summary: 'One of them',
        parameters: [pathText('id')],
        responses: { 200: answer('Why it is dead; never its content.', ref('DeadLetter')), 404: unknown },
      },
    },
    '/v1/dead-letters/{id}/resend': {
      post: {
        tags,
        summary:
          'Send it again: an operation as its next attempt at the end of the order and without its deadline, a message as it came',
        parameters: [pathText('id')],
        responses: {
          202: answer('Accepted; Location names the status.', resent),
          200: answer('It was sent again before: the first receipt.', resent),
          207: answer('Items of a message fared differently.', ref('Receipt')),
          404: unknown,
          409: problemAnswer('The operation is not dead, or a patient of it is being erased.'),
          410: problemAnswer('A patient of it was erased, or it was too large to be kept.'),
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
    201: fhir('Created; Location and ETag name it.'),
    202: fhir('Accepted (Prefer: respond-async, or the outcome took too long); Content-Location names the status.'),
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
        parameters: [type, pathText('id'), prefer, header('If-Match', 'W/"version" that must be the current one')],
        requestBody,
        responses,
      },
      delete: {
        tags,
        summary: 'Delete',
        parameters: [type, pathText('id'), prefer, header('If-Match', 'W/"version" that must be the current one')],
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
        summary: 'Messages are taken',
        responses: {
          200: answer('Ready.', { type: 'object' }),
          503: answer('Not ready, and why.', { type: 'object' }),
        },
      },
    },
  };
}
