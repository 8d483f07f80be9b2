import type { ErrorDescription } from '@medrex/coded-error';

/** An error that a sender can meet, with the HTTP status it is answered with. */
export interface SenderErrorDescription extends ErrorDescription {
  readonly status: number;
}

/** Everything ingest may answer instead of an acceptance. `meaning` is the problem's title, `remedy` tells the sender what to do. */
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
    remedy: 'Correct the JSON text, at the position where one is named, and send it again.',
  },
  BODY_TOO_DEEP: {
    code: 'BODY_TOO_DEEP',
    status: 400,
    retryable: false,
    meaning: 'The JSON is nested too deeply to be read.',
    remedy: 'Send a flatter document.',
  },
  ENVELOPE_INVALID: {
    code: 'ENVELOPE_INVALID',
    status: 400,
    retryable: false,
    meaning: 'What is said about the message (id, source, class, deadline, time, request) cannot be read.',
    remedy: 'Correct the attribute named; the OpenAPI page lists each with an example.',
  },
  REQUEST_INVALID: {
    code: 'REQUEST_INVALID',
    status: 400,
    retryable: false,
    meaning: 'The request itself cannot be read.',
    remedy: 'Compare the request with the OpenAPI page.',
  },
  CONTENT_TYPE_UNSUPPORTED: {
    code: 'CONTENT_TYPE_UNSUPPORTED',
    status: 415,
    retryable: false,
    meaning: 'The content type is not one that is read here.',
    remedy:
      'Send JSON (application/json, application/fhir+json), a CloudEvent (application/cloudevents+json) or, for batches, NDJSON (application/x-ndjson).',
  },
  ENCODING_UNSUPPORTED: {
    code: 'ENCODING_UNSUPPORTED',
    status: 415,
    retryable: false,
    meaning: 'Compressed request bodies are not read.',
    remedy: 'Send the body without Content-Encoding.',
  },
  REQUEST_TOO_LARGE: {
    code: 'REQUEST_TOO_LARGE',
    status: 413,
    retryable: false,
    meaning: 'The request is larger than one request may be.',
    remedy: 'Split it into requests below the limit named.',
  },
  LINE_TOO_LARGE: {
    code: 'LINE_TOO_LARGE',
    status: 413,
    retryable: false,
    meaning: 'A line is larger than one message may be.',
    remedy: 'Split the message; the other lines of the request were taken.',
  },
  TOO_MANY_LINES: {
    code: 'TOO_MANY_LINES',
    status: 413,
    retryable: false,
    meaning: 'The request has more lines than one request may have; nothing of it was taken.',
    remedy: 'Split it into requests below the limit named.',
  },
  OPERATION_TOO_LARGE: {
    code: 'OPERATION_TOO_LARGE',
    status: 413,
    retryable: false,
    meaning: 'One operation is larger than a ledger transaction may be.',
    remedy: 'Split the transaction into smaller ones, or send its entries as a batch.',
  },
  CONTRACT_UNKNOWN: {
    code: 'CONTRACT_UNKNOWN',
    status: 422,
    retryable: false,
    meaning: 'There is no contract of that name here.',
    remedy: 'Leave the contract out, or name one of those listed.',
  },
  CHANNEL_UNKNOWN: {
    code: 'CHANNEL_UNKNOWN',
    status: 404,
    retryable: false,
    meaning: 'This instance does not serve a channel of that name.',
    remedy: 'Send it to the instance of that channel.',
  },
  CALLS_OFF: {
    code: 'CALLS_OFF',
    status: 501,
    retryable: false,
    meaning: 'Per-transaction mode is off here: no call key was given.',
    remedy: 'An operator has to give ingest and orderer-dag the same MEDREX_CALL_KEY.',
  },
  ID_REUSED: {
    code: 'ID_REUSED',
    status: 409,
    retryable: false,
    meaning: 'A message of this source and id came before, with another body.',
    remedy: 'Send the first body again to get its receipt, or give the new message an id of its own.',
  },
  TOO_OLD: {
    code: 'TOO_OLD',
    status: 422,
    retryable: false,
    meaning: 'The message is older than the window in which a repeat can be told from a new message.',
    remedy:
      'Look up what became of the first sending; if there was none, send it as a new message with the present time.',
  },
  NOTHING_TO_DO: {
    code: 'NOTHING_TO_DO',
    status: 422,
    retryable: false,
    meaning: 'The message holds nothing that could be carried out.',
    remedy: 'Send at least one entry.',
  },
  TRANSLATION_FAILED: {
    code: 'TRANSLATION_FAILED',
    status: 500,
    retryable: false,
    meaning:
      'The message could not be turned into an operation, and it is not known to be the message that is at fault.',
    remedy: 'Report it with the time of the answer; other messages are not affected.',
  },
  SHED: {
    code: 'SHED',
    status: 429,
    retryable: true,
    meaning: 'Too much is waiting to be committed to take more of this class now; nothing of this item was taken.',
    remedy: 'Send the same message again after Retry-After.',
  },
  NO_ROOM: {
    code: 'NO_ROOM',
    status: 503,
    retryable: true,
    meaning:
      'Nothing can be appended at the moment, orders included: as many operations are waiting to be committed as the pipeline holds.',
    remedy: 'Send the same message again after Retry-After.',
  },
  TOO_MUCH_IN_HAND: {
    code: 'TOO_MUCH_IN_HAND',
    status: 503,
    retryable: true,
    meaning: 'The requests that are being read at the moment have as many bytes as this instance holds at once.',
    remedy: 'Send the same request again after Retry-After; smaller requests find room sooner.',
  },
  BUSY: {
    code: 'BUSY',
    status: 503,
    retryable: true,
    meaning: 'As many big messages are being read as this instance can read at once.',
    remedy: 'Send the same message again after Retry-After.',
  },
  NOT_TRIED: {
    code: 'NOT_TRIED',
    status: 503,
    retryable: true,
    meaning: 'A message before this one has to be tried again first.',
    remedy: 'Nothing: it is tried again by itself, in its order.',
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
    meaning: 'None of the patient identifiers is of a system that names patients here.',
    remedy: 'Send an identifier of a system that this hospital names patients by.',
  },
  VAULT_UNAVAILABLE: {
    code: 'VAULT_UNAVAILABLE',
    status: 503,
    retryable: true,
    meaning: 'The patient vault does not answer, and nothing is taken without it.',
    remedy: 'Send the same message again after Retry-After.',
  },
  LOG_UNAVAILABLE: {
    code: 'LOG_UNAVAILABLE',
    status: 503,
    retryable: true,
    meaning: 'The operations log does not take anything at the moment.',
    remedy: 'Send the same message again, with the same id, after Retry-After.',
  },
  LOG_MADE_ANEW: {
    code: 'LOG_MADE_ANEW',
    status: 503,
    retryable: false,
    meaning: 'The operations log gave out a place that was already used: it was made anew. Nothing is taken any more.',
    remedy: 'An operator must run `medrex topics reset`, which starts a new generation, and restart ingest.',
  },
  STOPPING: {
    code: 'STOPPING',
    status: 503,
    retryable: true,
    meaning: 'This instance is being stopped.',
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
    meaning: 'No transaction of that name was accepted, or its status was pruned.',
    remedy: 'Check the id; a message that was refused has no status.',
  },
  DEAD_LETTER_UNKNOWN: {
    code: 'DEAD_LETTER_UNKNOWN',
    status: 404,
    retryable: false,
    meaning: 'No dead letter of that id is kept.',
    remedy:
      'GET /v1/dead-letters lists those that are kept: operations that ended dead for 30 days, messages that were refused for 7.',
  },
  LETTER_TOO_LARGE: {
    code: 'LETTER_TOO_LARGE',
    status: 410,
    retryable: false,
    meaning: 'The message was too large to be kept when it was refused.',
    remedy: 'It stands at its place in the intake topic; its sender has to send it in smaller parts.',
  },
  NOT_DEAD: {
    code: 'NOT_DEAD',
    status: 409,
    retryable: false,
    meaning: 'Only an operation that ended dead can be sent again, and this one did not.',
    remedy:
      'Look at its status. What was rejected has to be corrected and sent as a new message; what is pending will end by itself.',
  },
  PATIENT_ERASED: {
    code: 'PATIENT_ERASED',
    status: 410,
    retryable: false,
    meaning: 'The record of a patient of this operation was erased; what is left of it cannot be read any more.',
    remedy: 'Nothing can be done with this dead letter.',
  },
  NOT_FOUND: {
    code: 'NOT_FOUND',
    status: 404,
    retryable: false,
    meaning: 'There is nothing at this address.',
    remedy: 'The addresses are listed at /docs.',
  },
  METHOD_NOT_SUPPORTED: {
    code: 'METHOD_NOT_SUPPORTED',
    status: 405,
    retryable: false,
    meaning: 'This address does not take that method.',
    remedy: 'The methods of each address are listed at /docs, those of FHIR at /fhir/metadata.',
  },
  NOT_ACCEPTABLE: {
    code: 'NOT_ACCEPTABLE',
    status: 406,
    retryable: false,
    meaning: 'None of the formats that the client takes is written here; nothing was done.',
    remedy: 'Accept application/fhir+json, and leave _format out or set it to json.',
  },
  TYPE_UNKNOWN: {
    code: 'TYPE_UNKNOWN',
    status: 404,
    retryable: false,
    meaning: 'FHIR R4 has no resource type of that name.',
    remedy: 'Correct the type in the address; it counts in upper and lower case.',
  },
  TOO_MANY_LISTENERS: {
    code: 'TOO_MANY_LISTENERS',
    status: 503,
    retryable: true,
    meaning: 'As many streams of outcomes are open as this instance serves.',
    remedy: 'Close a stream, or read the receipts topic.',
  },
  INTERNAL: {
    code: 'INTERNAL',
    status: 500,
    retryable: true,
    meaning: 'Something went wrong here that should not.',
    remedy: 'Send the same message again, with the same id; report it if it stays.',
  },
} as const satisfies Record<string, SenderErrorDescription>;

export type IngestErrorCode = keyof typeof ingestErrors;

/** The file of MEDREX_CALL_TEMPLATES. */
export const callTemplatesInvalid: ErrorDescription = {
  code: 'CALL_TEMPLATES_INVALID',
  retryable: false,
  meaning: 'The file of key templates cannot be read, or something in it is no template.',
  remedy:
    'Correct the places that the message names: by chaincode and function a list of {"key", "mode"}; modes are read, write and readWrite.',
};

/** The one error that ends the process before it begins. */
export const configInvalid = {
  code: 'CONFIG_INVALID',
  retryable: false,
  meaning: 'Variables of the environment cannot be read.',
  remedy: 'Correct the variables named; docs/reference/configuration.md lists all of them.',
} as const satisfies ErrorDescription;

/** Errors that keep ingest from starting. */
export const ingestStartErrors = {
  CONFIG_INVALID: configInvalid,
  CALL_TEMPLATES_INVALID: callTemplatesInvalid,
} as const;
