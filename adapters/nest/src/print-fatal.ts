import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { isCodedError } from '@medrex/coded-error';

/**
 * Prints the error that ended the process to stderr, once. Our own errors contain no patient data and are printed with
 * their messages. Of any other error a running service prints only the kind and place, because its message may quote
 * input, as that of a JSON parser does. During its start a service has read only its configuration, and the message
 * helps.
 */
export function printFatal(error: unknown, { isUp }: { readonly isUp: boolean }): void {
  const text = `${describe(error, isUp)}\n`;
  // The main thread writes the stderr of other threads and may never get to it, so the text is written directly to the
  // file descriptor.
  if (isMainThread) process.stderr.write(text);
  else writeSync(2, text);
}

function describe(error: unknown, isUp: boolean): string {
  if (isCodedError(error)) return `${error.code}: ${error.message}\n${error.remedy}`;
  if (!(error instanceof Error)) return isUp ? 'the service ended by a value that is no error' : String(error);
  if (!isUp) return error.message;
  const frames = (error.stack ?? '').split('\n').filter((line) => /^ {4}at /.test(line));
  return [`${kindOf(error)} (its message is withheld: it may quote a message of a patient)`, ...frames].join('\n');
}

function kindOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? ` ${error.code}` : '';
  return `${error.name}${code}`;
}
