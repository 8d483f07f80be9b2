const loneSurrogate = /\p{Surrogate}/u;

/**
 * Bytes as text, in UTF-8; what is not UTF-8 (a name in the LATIN1 of its client) is kept byte by byte, as lone surrogates U+DC80 to
 * U+DCFF, so that `bytesOf` gives back what came, and two names are the same text only where they are the same bytes.
 */
export function losslessText(buffer: Buffer, from = 0, to = buffer.length): string {
  const text = buffer.toString('utf8', from, to);
  // Where nothing had to be replaced the text is whole.
  if (!text.includes('\ufffd') || isUtf8(buffer.subarray(from, to))) return text;
  const parts: string[] = [];
  for (let at = from; at < to;) {
    const character = buffer.subarray(at, Math.min(at + widthOf(buffer[at] as number), to));
    const isWhole = isUtf8(character);
    parts.push(isWhole ? character.toString('utf8') : String.fromCharCode(0xdc00 + (buffer[at] as number)));
    at += isWhole ? character.length : 1;
  }
  return parts.join('');
}

const isUtf8 = (bytes: Buffer): boolean => Buffer.from(bytes.toString('utf8'), 'utf8').equals(bytes);

/** Whether a text has what is not UTF-8. */
export const hasKeptBytes = (text: string): boolean => loneSurrogate.test(text);

/** With `?` for each of them, as servers up to 15 show the name of an application: no statement takes them in a database of UTF-8. */
export const withoutKeptBytes = (text: string): string => text.replaceAll(/\p{Surrogate}/gu, '?');

/** The bytes of a text of `losslessText`, or of any other in UTF-8. */
export function bytesOf(text: string): Buffer {
  if (!hasKeptBytes(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(Array.from(text, (character) => keptByte(character) ?? Buffer.from(character, 'utf8')));
}

function keptByte(character: string): Buffer | undefined {
  const code = character.charCodeAt(0);
  return character.length === 1 && code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : undefined;
}

/** Bytes of a character of UTF-8 by its first one. */
function widthOf(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
