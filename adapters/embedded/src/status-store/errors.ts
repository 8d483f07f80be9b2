import { CodedError, type ErrorDescription } from '@medrex/coded-error';

/** What the status store's file can break. */
export const statusStoreErrors = {
  STATUS_STORE_FAILED: {
    code: 'STATUS_STORE_FAILED',
    retryable: true,
    meaning: 'The status store could not be written; nothing of the run was noted.',
    remedy: 'Look at the disk: space, permissions, health. The run can be noted again, since repeats change nothing.',
  },
  STATUS_STORE_BACKLOG: {
    code: 'STATUS_STORE_BACKLOG',
    retryable: true,
    meaning: 'More was noted than the status store has written so far, up to the bound on what may wait in memory.',
    remedy: 'Wait for earlier runs before noting more.',
  },
  STATUS_STORE_CLOSED: {
    code: 'STATUS_STORE_CLOSED',
    retryable: false,
    meaning: 'The status store was used after it had been closed.',
    remedy: 'A service that stops must stop its own work before its stores.',
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
