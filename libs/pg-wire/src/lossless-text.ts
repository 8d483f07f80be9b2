const loneSurrogate = /\p{Surrogate}/u;

/**
 * Decodes UTF-8 without loss: each invalid byte (of a name in LATIN1, for example) becomes a lone surrogate U+DC80 to U+DCFF, so that
 * `bytesOf` restores the bytes, and two texts are equal only if their bytes are. Like Python's `surrogateescape` (PEP 383).
 */
export function losslessText(buffer: Buffer, from = 0, to = buffer.length): string {
  const text = buffer.toString('utf8', from, to);
  // Without a replacement character every byte was valid.
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

/** Whether a text of `losslessText` contains bytes that are not UTF-8. */
export const hasInvalidBytes = (text: string): boolean => loneSurrogate.test(text);

/** Replaces each invalid byte by `?`, as PostgreSQL up to 15 does in application_name: a UTF-8 database refuses them in statements. */
export const replaceInvalidBytes = (text: string): string => text.replaceAll(/\p{Surrogate}/gu, '?');

/** Encodes as UTF-8, and restores the invalid bytes of a text of `losslessText`. */
export function bytesOf(text: string): Buffer {
  if (!hasInvalidBytes(text)) return Buffer.from(text, 'utf8');
  return Buffer.concat(Array.from(text, (character) => invalidByteOf(character) ?? Buffer.from(character, 'utf8')));
}

function invalidByteOf(character: string): Buffer | undefined {
  const code = character.charCodeAt(0);
  return character.length === 1 && code >= 0xdc80 && code <= 0xdcff ? Buffer.from([code - 0xdc00]) : undefined;
}

/** Length of a UTF-8 character by its first byte. */
function widthOf(first: number): number {
  if (first < 0xc0) return 1;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}
