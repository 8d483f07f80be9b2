import { CodedError, isCodedError } from '@medrex/coded-error';
import type { ForeignError } from './worker-messages.ts';

/** An error for other threads and for logs. The message of an error without a code is omitted, as it may quote a message. */
export function foreignError(error: unknown): ForeignError {
  if (isCodedError(error)) {
    const { code, message, retryable, remedy } = error;
    return { code, message, retryable, remedy };
  }
  return {
    code: error instanceof Error ? error.name : 'UNKNOWN',
    message: placeOf(error),
    retryable: false,
    remedy: 'Report it.',
  };
}

/** Rebuilds an error that was thrown on another thread. */
export function codedError({ code, message, retryable, remedy }: ForeignError): CodedError {
  return new CodedError({ code, retryable, meaning: message, remedy }, message);
}

/** Function and line of the topmost stack frame of an exception. */
function placeOf(error: unknown): string {
  const frame = (error instanceof Error ? (error.stack ?? '') : '')
    .split('\n')
    .find((line) => line.startsWith('    at '));
  return frame === undefined ? 'no stack' : frame.trim().replace(/\(?(?:file:\/\/)?\/.*\/([^/]+)\)?$/, '($1)');
}
