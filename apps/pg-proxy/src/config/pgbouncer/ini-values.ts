import { longestMs } from '../durations.ts';

/** A number of seconds as PgBouncer has it, in milliseconds; longer than can be waited for is as long as can be. Undefined: none. */
export function milliseconds(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Math.min(Math.round(Number(text) * 1_000), longestMs) : undefined;
}

/** One of these words, however it is written. */
export const oneOf =
  (...words: readonly string[]) =>
  (text: string): string | undefined =>
    words.find((word) => word === text.toLowerCase());

export const tlsMode = oneOf('disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full');

export function whole(text: string): number | undefined {
  return /^\d{1,9}$/.test(text) ? Number(text) : undefined;
}

export function yes(text: string): boolean | undefined {
  if (/^(?:1|on|yes|true|t|y)$/i.test(text)) return true;
  return /^(?:0|off|no|false|f|n)$/i.test(text) ? false : undefined;
}

export function names(text: string): string[] {
  return text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
