import { isCodedError } from '@medrex/coded-error';
import { constants } from 'node:os';
import { textShapes } from './phi-allow-list.ts';

/** An error as shown in logs and spans. */
export interface LoggableError {
  readonly name: string;
  readonly code?: string;
  readonly isRetryable?: boolean;
  /** Of coded errors only, masked. */
  readonly message?: string;
  /** Stack frames without the message. */
  readonly stack: readonly string[];
  readonly cause?: LoggableError;
}

const causesMax = 3;
const framesMax = 12;
const wordsMax = 60;

/**
 * An error without possible patient data. Messages of foreign errors are data (a JSON parser quotes its input, a database its row), so
 * only the name, a system code and the stack frames are kept. Messages of our coded errors are kept, with every word masked that could be
 * a name, a number or a date.
 */
export function loggableError(error: unknown, causesLeft = causesMax): LoggableError {
  if (typeof error !== 'object' || error === null) return { name: typeof error, stack: [] };
  const isCoded = isCodedError(error);
  const code =
    'code' in error && typeof error.code === 'string' && textShapes.code.test(error.code) ? error.code : undefined;
  const cause =
    'cause' in error && error.cause !== undefined && causesLeft > 0
      ? loggableError(error.cause, causesLeft - 1)
      : undefined;
  return {
    name: nameOf(error),
    ...(code === undefined ? {} : { code }),
    ...(isCoded ? { isRetryable: error.retryable, message: maskMessage(error.message) } : {}),
    stack: framesOf(error),
    ...(cause === undefined ? {} : { cause }),
  };
}

function nameOf(error: object): string {
  const name = 'name' in error && typeof error.name === 'string' ? error.name : 'Error';
  return /^[A-Z][A-Za-z]{0,23}(?:Error|Exception)$|^Error$/.test(name) ? name : 'Error';
}

function framesOf(error: object): readonly string[] {
  const stack = 'stack' in error && typeof error.stack === 'string' ? error.stack : '';
  const message = 'message' in error && typeof error.message === 'string' ? error.message : '';
  // The stack begins with the message, which may have lines that look like frames.
  const at = message === '' ? -1 : stack.indexOf(message);
  const lines = (at === -1 ? stack : stack.slice(at + message.length)).split('\n');
  return lines
    .filter((line) => /^\s+at .+:\d+:\d+\)?$/.test(line))
    .slice(0, framesMax)
    .map((line) => line.trim());
}

/** Words that are shown; any other becomes an ellipsis. */
const plainWords: readonly RegExp[] = [
  /^[a-z]{1,20}(?:[-'’][a-z]{1,20})*$/, // words in lower case
  /^\d{1,4}(?:[.,]\d{1,3})?(?:ms|s|h|kB|MB|MiB|B|%)?$/, // counts, limits, durations; too short for an identifier
  /^[A-Z]+(?:_[A-Z0-9]+)+$/, // codes
  /^(?:LDAP|SASL|SCRAM|TLS)$/, // protocols
  /^(?:peer|orderer|org|org\.)\d{1,2}(?:\.[a-z]{2,12}\d{0,2})*$/,
  textShapes.topic,
  textShapes.hex,
  textShapes.stateKey,
];

/** Error codes of the system and the resolver. */
const systemCodes: ReadonlySet<string> = new Set([...Object.keys(constants.errno), 'ENOTFOUND']);

/** The sentence with everything masked that could be a name, an identifier or a date. */
export function maskMessage(message: string): string {
  const words = message.split(/\s+/).slice(0, wordsMax).map(maskWord);
  return words.filter((word, at) => word !== '…' || words[at - 1] !== '…').join(' ');
}

function maskWord(word: string): string {
  const [, opening = '', core = '', closing = ''] = /^([("]*)(.*?)([.,;:!?)"]*)$/.exec(word) ?? [];
  return core === '' || systemCodes.has(core) || plainWords.some((pattern) => pattern.test(core))
    ? `${opening}${core}${closing}`
    : '…';
}
