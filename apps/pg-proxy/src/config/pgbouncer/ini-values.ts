import { longestMs } from '../durations.ts';

/** Converts PgBouncer's seconds to milliseconds, limited to what a timer can wait. Undefined: not a number. */
export function readMilliseconds(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Math.min(Math.round(Number(text) * 1_000), longestMs) : undefined;
}

/** One of these words, in any case. */
export const oneOf =
  (...words: readonly string[]) =>
  (text: string): string | undefined =>
    words.find((word) => word === text.toLowerCase());

export const tlsMode = oneOf('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full');

/** The oldest of PgBouncer's list of TLS versions that is supported here. */
export const oldestTls = (text: string): 'TLSv1.2' | 'TLSv1.3' =>
  /^\s*tlsv1\.3\s*$/i.test(text) ? 'TLSv1.3' : 'TLSv1.2';

export function readInteger(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

/** A number in section [pgbouncer], which PgBouncer reads as C does: 010 is octal, 0x10 hexadecimal. */
export function readCInteger(text: string): number | undefined {
  if (/^0[0-7]{1,9}$/.test(text)) return parseInt(text, 8);
  return /^0x[\da-f]{1,7}$/i.test(text) ? parseInt(text, 16) : /^0\d/.test(text) ? undefined : readInteger(text);
}

export function readBoolean(text: string): boolean | undefined {
  if (/^(?:1|on|yes|true|t|y)$/i.test(text)) return true;
  return /^(?:0|off|no|false|f|n)$/i.test(text) ? false : undefined;
}

export function readList(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

/** The folder of PgBouncer's socket, and of a server's socket, if neither a host nor `unix_socket_dir` is set. */
export const socketFolder = '/tmp';
