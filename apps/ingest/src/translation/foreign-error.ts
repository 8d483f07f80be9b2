import { isCodedError } from '@medrex/coded-error';
import type { ForeignError } from './worker-messages.ts';

/** An error as it crosses threads and reaches logs. The message of an error without a code is left out: it may quote what was read. */
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

/** Where an exception came from: function and line of its topmost frame. */
function placeOf(error: unknown): string {
  const frame = (error instanceof Error ? (error.stack ?? '') : '')
    .split('\n')
    .find((line) => line.startsWith('    at '));
  return frame === undefined ? 'no stack' : frame.trim().replace(/\(?(?:file:\/\/)?\/.*\/([^/]+)\)?$/, '($1)');
}
