import { writeSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { isCodedError } from '@medrex/coded-error';

/**
 * Says on stderr what ended the process, once. Our own errors are written for readers and carry no patient data. Of any other error a
 * service that is up prints the kind and where it came from, but not the message: a JSON parser's, for one, quotes what it could
 * not read. While the service starts it has read nothing but its configuration, and the message is what helps.
 */
export function printFatal(error: unknown, { isUp }: { readonly isUp: boolean }): void {
  const text = `${describe(error, isUp)}\n`;
  // A thread's stderr is written by the main thread, which may not come to it any more; the file descriptor is written here and now.
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
