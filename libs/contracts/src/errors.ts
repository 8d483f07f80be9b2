import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What the messages and the event log can break; every implementation of the EventLog port throws these. */
export const contractErrors = {
  MESSAGE_MALFORMED: {
    code: 'MESSAGE_MALFORMED',
    retryable: false,
    meaning: 'The bytes of a log record are not the message that its topic carries.',
    remedy: 'Look at who writes to the topic; only the services named in the topic table may.',
  },
  MESSAGE_VERSION_UNKNOWN: {
    code: 'MESSAGE_VERSION_UNKNOWN',
    retryable: false,
    meaning: 'A log record was written in a version of its message that this process does not know.',
    remedy: 'Upgrade the readers before the writers, as docs/protocol.md says.',
  },
  OPERATION_TOO_LARGE: {
    code: 'OPERATION_TOO_LARGE',
    retryable: false,
    meaning: 'One operation alone is larger than a log record may be.',
    remedy: 'Send the resources of the message in smaller Bundles.',
  },
  RECORD_TOO_LARGE: {
    code: 'RECORD_TOO_LARGE',
    retryable: false,
    meaning: 'A record is larger than the log takes.',
    remedy: 'Split the message; the limit stands in the error and in the topic table.',
  },
  RECORD_KEY_MISSING: {
    code: 'RECORD_KEY_MISSING',
    retryable: false,
    meaning: 'A record without a key was appended to a compacted topic, which keeps the newest record of each key.',
    remedy: 'Give the record a key.',
  },
  PARTITION_UNKNOWN: {
    code: 'PARTITION_UNKNOWN',
    retryable: false,
    meaning: 'The topic has no such partition.',
    remedy: 'Check the channel map and the number of partitions that the log was configured with.',
  },
  OFFSET_OUT_OF_RANGE: {
    code: 'OFFSET_OUT_OF_RANGE',
    retryable: false,
    meaning: 'A reader wants to go on at an offset that the log has deleted or has not reached yet.',
    remedy:
      'The topic was made anew or deleted past the reader. Nothing is skipped by itself: read docs/protocol.md on lost offsets, then set the position by hand.',
  },
  LOG_FULL: {
    code: 'LOG_FULL',
    retryable: true,
    meaning: 'The log holds as many bytes as it may and nothing of it may be deleted yet.',
    remedy: 'Wait for the readers to move on; if they do not, look at the lag of each.',
  },
  LOG_CLOSED: {
    code: 'LOG_CLOSED',
    retryable: false,
    meaning: 'The log was used after it had been closed.',
    remedy: 'A service that stops must stop its own work before its log.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** A contract error by its name in the table. @param message what happened to what, e.g. `medrex.operations.v1/0: ...`. */
export function contractError(
  name: keyof typeof contractErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(contractErrors[name], message, options);
}
