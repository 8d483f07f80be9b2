import type { ErrorDescription } from '@medrex/coded-error';

/** An error returned to a sender, with its HTTP status. */
export interface SenderErrorDescription extends ErrorDescription {
  readonly status: number;
}

/** All errors that ingest returns to senders. `meaning` is the title of the problem, `remedy` tells the sender what to do. */
export const ingestErrors = {
  BODY_EMPTY: {
    code: 'BODY_EMPTY',
    status: 400,
    retryable: false,
    meaning: 'The request has no body.',
    remedy: 'Send the message as the request body.',
  },
  BODY_NOT_UTF8: {
    code: 'BODY_NOT_UTF8',
    status: 400,
    retryable: false,
    meaning: 'The body is not valid UTF-8.',
    remedy: 'Encode the JSON text as UTF-8 and send it again.',
  },
  BODY_NOT_JSON: {
    code: 'BODY_NOT_JSON',
    status: 400,
    retryable: false,
    meaning: 'The body is not valid JSON.',
    remedy: 'Correct the JSON text, at the position if one is given, and send it again.',
  },
  BODY_TOO_DEEP: {
    code: 'BODY_TOO_DEEP',
    status: 400,
    retryable: false,
    meaning: 'The JSON is nested too deeply.',
    remedy: 'Send a flatter document.',
  },
  ENVELOPE_INVALID: {
    code: 'ENVELOPE_INVALID',
    status: 400,
    retryable: false,
    meaning: 'An attribute of the message (id, source, class, deadline, time, request) cannot be read.',
    remedy: 'Correct the named attribute; the OpenAPI page lists each with an example.',
  },
  REQUEST_INVALID: {
    code: 'REQUEST_INVALID',
    status: 400,
    retryable: false,
    meaning: 'The request cannot be read.',
    remedy: 'Compare the request with the OpenAPI page.',
  },
  CONTENT_TYPE_UNSUPPORTED: {
    code: 'CONTENT_TYPE_UNSUPPORTED',
    status: 415,
    retryable: false,
    meaning: 'The content type is not supported.',
    remedy:
      'Send JSON (application/json, application/fhir+json), a CloudEvent (application/cloudevents+json) or, for batches, NDJSON (application/x-ndjson).',
  },
  ENCODING_UNSUPPORTED: {
    code: 'ENCODING_UNSUPPORTED',
    status: 415,
    retryable: false,
    meaning: 'Compressed request bodies are not supported.',
    remedy: 'Send the body without Content-Encoding.',
  },
  REQUEST_TOO_LARGE: {
    code: 'REQUEST_TOO_LARGE',
    status: 413,
    retryable: false,
    meaning: 'The request is larger than the limit.',
    remedy: 'Split it into requests below the named limit.',
  },
  LINE_TOO_LARGE: {
    code: 'LINE_TOO_LARGE',
    status: 413,
    retryable: false,
    meaning: 'A line is larger than the limit of one message.',
    remedy: 'Split the message; the other lines of the request are not affected.',
  },
  TOO_MANY_LINES: {
    code: 'TOO_MANY_LINES',
    status: 413,
    retryable: false,
    meaning: 'The request has more lines than the limit; none of it was accepted.',
    remedy: 'Split it into requests below the named limit.',
  },
  OPERATION_TOO_LARGE: {
    code: 'OPERATION_TOO_LARGE',
    status: 413,
    retryable: false,
    meaning: 'An operation is larger than the limit of a ledger transaction.',
    remedy: 'Split the transaction into smaller ones, or send its entries as a batch.',
  },
  CONTRACT_UNKNOWN: {
    code: 'CONTRACT_UNKNOWN',
    status: 422,
    retryable: false,
    meaning: 'This instance has no contract of that name.',
    remedy: 'Omit the contract, or name one of those listed.',
  },
  CHANNEL_UNKNOWN: {
    code: 'CHANNEL_UNKNOWN',
    status: 404,
    retryable: false,
    meaning: 'This instance does not serve a channel of that name.',
    remedy: 'Send the request to an instance that serves the channel.',
  },
  CALLS_OFF: {
    code: 'CALLS_OFF',
    status: 501,
    retryable: false,
    meaning: 'Per-transaction mode is off on this instance, as no call key is configured.',
    remedy: 'An operator has to set the same MEDREX_CALL_KEY for ingest and orderer-dag.',
  },
  ID_REUSED: {
    code: 'ID_REUSED',
    status: 409,
    retryable: false,
    meaning: 'A message with this source and id was sent before, with another body.',
    remedy: 'Send the first body again to get its receipt, or give the new message another id.',
  },
  TOO_OLD: {
    code: 'TOO_OLD',
    status: 422,
    retryable: false,
    meaning: 'The message is older than the dedupe window, in which repeats are recognised.',
    remedy:
      'Look up the status of the first attempt; if there was none, send it as a new message with the current time.',
  },
  NOTHING_TO_DO: {
    code: 'NOTHING_TO_DO',
    status: 422,
    retryable: false,
    meaning: 'The message contains no operation.',
    remedy: 'Send at least one entry.',
  },
  TRANSLATION_FAILED: {
    code: 'TRANSLATION_FAILED',
    status: 500,
    retryable: false,
    meaning: 'The message could not be translated into an operation because of an internal error.',
    remedy: 'Report this error with the time of the answer; other messages are not affected.',
  },
  SHED: {
    code: 'SHED',
    status: 429,
    retryable: true,
    meaning:
      'Too many operations are waiting to be committed to accept more of this class; nothing of this item was accepted.',
    remedy: 'Send the same message again after Retry-After.',
  },
  NO_ROOM: {
    code: 'NO_ROOM',
    status: 503,
    retryable: true,
    meaning:
      'No operation can be accepted at the moment, orders (CPOE) included: the limit of operations waiting to be committed is reached.',
    remedy: 'Send the same message again after Retry-After.',
  },
  TOO_MUCH_IN_HAND: {
    code: 'TOO_MUCH_IN_HAND',
    status: 503,
    retryable: true,
    meaning: 'The requests in progress have reached the byte limit of this instance.',
    remedy: 'Send the same request again after Retry-After; smaller requests are accepted sooner.',
  },
  BUSY: {
    code: 'BUSY',
    status: 503,
    retryable: true,
    meaning: 'The limit of large messages in translation is reached.',
    remedy: 'Send the same message again after Retry-After.',
  },
  NOT_TRIED: {
    code: 'NOT_TRIED',
    status: 503,
    retryable: true,
    meaning: 'A message in front of this one has to be retried first.',
    remedy: 'Nothing to do: it is retried automatically, in order.',
  },
  PATIENT_ERASING: {
    code: 'PATIENT_ERASING',
    status: 409,
    retryable: false,
    meaning: 'The record of this patient is being erased.',
    remedy: 'Do not send it again; ask the data protection officer.',
  },
  PATIENT_UNIDENTIFIED: {
    code: 'PATIENT_UNIDENTIFIED',
    status: 422,
    retryable: false,
    meaning: 'None of the patient identifiers is of a system that is configured to identify patients.',
    remedy: 'Send an identifier of one of the systems by which this hospital identifies patients.',
  },
  VAULT_UNAVAILABLE: {
    code: 'VAULT_UNAVAILABLE',
    status: 503,
    retryable: true,
    meaning: 'The patient vault does not answer; without it no message can be accepted.',
    remedy: 'Send the same message again after Retry-After.',
  },
  LOG_UNAVAILABLE: {
    code: 'LOG_UNAVAILABLE',
    status: 503,
    retryable: true,
    meaning: 'The operations log does not accept records at the moment.',
    remedy: 'Send the same message again, with the same id, after Retry-After.',
  },
  LOG_MADE_ANEW: {
    code: 'LOG_MADE_ANEW',
    status: 503,
    retryable: false,
    meaning:
      'The operations log assigned an offset that was already used, so it was recreated. No message is accepted any more.',
    remedy: 'An operator must run `medrex topics reset`, which starts a new generation, and restart ingest.',
  },
  STOPPING: {
    code: 'STOPPING',
    status: 503,
    retryable: true,
    meaning: 'This instance is stopping.',
    remedy: 'Send the same message again, with the same id, after Retry-After.',
  },
  NOT_READY: {
    code: 'NOT_READY',
    status: 503,
    retryable: true,
    meaning: 'This instance is still starting.',
    remedy: 'Send the same message again after Retry-After.',
  },
  TRANSACTION_UNKNOWN: {
    code: 'TRANSACTION_UNKNOWN',
    status: 404,
    retryable: false,
    meaning: 'No operation of that name was accepted, or its status was pruned.',
    remedy: 'Check the id; a refused message has no status.',
  },
  DEAD_LETTER_UNKNOWN: {
    code: 'DEAD_LETTER_UNKNOWN',
    status: 404,
    retryable: false,
    meaning: 'There is no dead letter with that id.',
    remedy: 'GET /v1/dead-letters lists them: dead operations are kept for 30 days, refused messages for 7 days.',
  },
  LETTER_TOO_LARGE: {
    code: 'LETTER_TOO_LARGE',
    status: 410,
    retryable: false,
    meaning: 'The refused message was too large to be kept.',
    remedy: 'It is still at its offset in the intake topic; its sender has to send it in smaller parts.',
  },
  NOT_DEAD: {
    code: 'NOT_DEAD',
    status: 409,
    retryable: false,
    meaning: 'Only a dead operation can be resent, and this one is not dead.',
    remedy: 'Look up its status. Correct a rejected operation and send it as a new message; wait for a pending one.',
  },
  PATIENT_ERASED: {
    code: 'PATIENT_ERASED',
    status: 410,
    retryable: false,
    meaning: 'The record of a patient of this operation was erased, so it can no longer be decrypted.',
    remedy: 'This dead letter cannot be resent.',
  },
  NOT_FOUND: {
    code: 'NOT_FOUND',
    status: 404,
    retryable: false,
    meaning: 'This address does not exist.',
    remedy: 'The addresses are listed at /docs.',
  },
  METHOD_NOT_SUPPORTED: {
    code: 'METHOD_NOT_SUPPORTED',
    status: 405,
    retryable: false,
    meaning: 'This address does not support that method.',
    remedy: 'The methods of each address are listed at /docs, those of FHIR at /fhir/metadata.',
  },
  NOT_ACCEPTABLE: {
    code: 'NOT_ACCEPTABLE',
    status: 406,
    retryable: false,
    meaning: 'None of the formats that the client accepts is supported; nothing was done.',
    remedy: 'Accept application/fhir+json, and omit _format or set it to json.',
  },
  TYPE_UNKNOWN: {
    code: 'TYPE_UNKNOWN',
    status: 404,
    retryable: false,
    meaning: 'FHIR R4 has no resource type of that name.',
    remedy: 'Correct the type in the address; it is case-sensitive.',
  },
  TOO_MANY_LISTENERS: {
    code: 'TOO_MANY_LISTENERS',
    status: 503,
    retryable: true,
    meaning: 'The limit of open streams of outcomes is reached.',
    remedy: 'Close a stream, or read the receipts topic.',
  },
  INTERNAL: {
    code: 'INTERNAL',
    status: 500,
    retryable: true,
    meaning: 'Internal error.',
    remedy: 'Send the same message again, with the same id; report the error if it persists.',
  },
} as const satisfies Record<string, SenderErrorDescription>;

export type IngestErrorCode = keyof typeof ingestErrors;

/** Error of the file in MEDREX_CALL_TEMPLATES. */
export const callTemplatesInvalid: ErrorDescription = {
  code: 'CALL_TEMPLATES_INVALID',
  retryable: false,
  meaning: 'The file of key templates cannot be read, or contains an invalid template.',
  remedy:
    'Correct the places named in the message. By chaincode and function, the file holds a list of {"key", "mode"}; modes are read, write and readWrite.',
};

/** Error of an invalid environment; the process does not start. */
export const configInvalid = {
  code: 'CONFIG_INVALID',
  retryable: false,
  meaning: 'Environment variables are missing or invalid.',
  remedy: 'Correct the named variables; docs/reference/configuration.md lists all of them.',
} as const satisfies ErrorDescription;

/** Errors that keep ingest from starting. */
export const ingestStartErrors = {
  CONFIG_INVALID: configInvalid,
  CALL_TEMPLATES_INVALID: callTemplatesInvalid,
} as const;
