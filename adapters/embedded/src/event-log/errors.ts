import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of the event log's files, in addition to those of every log (`contractErrors`). */
export const eventLogErrors = {
  LOG_HAS_ANOTHER_WRITER: {
    code: 'LOG_HAS_ANOTHER_WRITER',
    retryable: true,
    meaning: 'Another process or thread writes this partition of the event log; only one may.',
    remedy: 'Stop the process that the message names, or give this one a data directory of its own.',
  },
  LOG_WRITE_FAILED: {
    code: 'LOG_WRITE_FAILED',
    retryable: true,
    meaning: 'The event log could not be written; nothing of the append was acknowledged.',
    remedy: 'Look at the disk: space, permissions, health. Appending again is safe, since readers recognise repeats.',
  },
  LOG_BACKLOG: {
    code: 'LOG_BACKLOG',
    retryable: true,
    meaning: 'Appends are faster than the disk, and as many as may wait in memory are waiting.',
    remedy: 'Wait for earlier appends before appending more.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of the event log's files by its code. @param message what happened to what. */
export function eventLogError(
  code: keyof typeof eventLogErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(eventLogErrors[code], message, options);
}
