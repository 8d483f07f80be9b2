import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of messages and the event log; every implementation of the EventLog port throws these. */
export const contractErrors = {
  MESSAGE_MALFORMED: {
    code: 'MESSAGE_MALFORMED',
    retryable: false,
    meaning: 'The bytes of a log record are not the message that its topic carries.',
    remedy: 'Check which process writes to the topic; only the services named in the topic table may.',
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
    meaning: 'One operation is larger than the limit for a log record.',
    remedy: 'Send the resources of the message in smaller Bundles.',
  },
  RECORD_TOO_LARGE: {
    code: 'RECORD_TOO_LARGE',
    retryable: false,
    meaning: 'A record is larger than the limit of the log.',
    remedy: 'Split the message; the error and the topic table state the limit.',
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
    meaning: 'A reader wants to continue at an offset that the log has deleted or has not reached yet.',
    remedy:
      'The topic was recreated, or records were deleted before they were read. Nothing is skipped automatically: read docs/protocol.md on lost offsets, then set the position by hand.',
  },
  LOG_FULL: {
    code: 'LOG_FULL',
    retryable: true,
    meaning: 'The log has reached its size limit, and nothing may be deleted yet.',
    remedy: 'Wait for the readers to proceed; if they do not, look at the lag of each.',
  },
  LOG_CLOSED: {
    code: 'LOG_CLOSED',
    retryable: false,
    meaning: 'The log was used after it was closed.',
    remedy: 'A stopping service must stop its own work before its log.',
  },
} as const satisfies Record<string, ErrorDescription>;

/**
 * A contract error by its name in the table.
 * @param message what happened to what, e.g. `medrex.operations.v1/0: ...`
 */
export function contractError(
  name: keyof typeof contractErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(contractErrors[name], message, options);
}
