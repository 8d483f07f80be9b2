import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** Errors of the status store's file. */
export const statusStoreErrors = {
  STATUS_STORE_FAILED: {
    code: 'STATUS_STORE_FAILED',
    retryable: true,
    meaning: 'The status store could not be written; nothing of the run was recorded.',
    remedy:
      'Look at the disk: space, permissions, health. The run can be recorded again, since repeats change nothing.',
  },
  STATUS_STORE_BACKLOG: {
    code: 'STATUS_STORE_BACKLOG',
    retryable: true,
    meaning: 'Recording is faster than the disk, and as many runs as may wait in memory are waiting.',
    remedy: 'Wait for earlier runs before recording more.',
  },
  STATUS_STORE_CLOSED: {
    code: 'STATUS_STORE_CLOSED',
    retryable: false,
    meaning: 'The status store was used after it was closed.',
    remedy: 'A stopping service must stop its own work before its stores.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** An error of the status store by its code. @param message what happened to what. */
export function statusStoreError(
  code: keyof typeof statusStoreErrors,
  message: string,
  options?: { readonly cause?: unknown },
): CodedError {
  return new CodedError(statusStoreErrors[code], message, options);
}
