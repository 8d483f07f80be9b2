const cachedBytesMax = 64;
/** The last string of each hash value; a few KB. */
const cached: string[] = Array<string>(512).fill('');

/**
 * Decodes latin1 with a cache of recent short strings: names and tags repeat, and neither the string nor its hash is created again for
 * each message.
 */
export function shortText(buffer: Buffer, from: number, to: number): string {
  const length = to - from;
  if (length === 0) return '';
  if (length > cachedBytesMax) return buffer.toString('latin1', from, to);
  const place = (length * 31 + (buffer[from] as number) * 7 + (buffer[to - 1] as number)) & 511;
  const known = cached[place] as string;
  if (known.length === length && isAt(buffer, from, known)) return known;
  const text = buffer.toString('latin1', from, to);
  cached[place] = text;
  return text;
}

function isAt(buffer: Buffer, from: number, text: string): boolean {
  for (let index = 0; index < text.length; index++) if (buffer[from + index] !== text.charCodeAt(index)) return false;
  return true;
}

/** Offset of the first zero byte in [from, end), or -1. */
export function zeroAt(buffer: Buffer, from: number, end: number): number {
  const near = Math.min(end, from + cachedBytesMax);
  for (let at = from; at < near; at++) if (buffer[at] === 0) return at;
  if (near >= end) return -1;
  const at = buffer.indexOf(0, near);
  return at < end ? at : -1;
}
