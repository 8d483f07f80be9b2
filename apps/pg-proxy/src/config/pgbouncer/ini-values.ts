/** A number of seconds as PgBouncer has it, in milliseconds. Undefined: none. */
export function milliseconds(text: string): number | undefined {
  return /^\d+(?:\.\d+)?$/.test(text) ? Math.round(Number(text) * 1_000) : undefined;
}

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

/** Where 0 means for ever, and ours has no such word: about three weeks. */
export const forEver = 2 ** 31 - 1;
