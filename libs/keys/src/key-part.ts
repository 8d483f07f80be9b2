// Characters that are not escaped in a key. All of them, and %, sort below the separator ~, as prefixRange requires.
const plain = /^[A-Za-z0-9._:-]*$/;
const notPlain = /[^A-Za-z0-9._:-]/gu;

/**
 * One part of a key: UTF-8, percent-encoded with upper-case hex except `A-Za-z0-9._:-`. A lone surrogate, which has no
 * UTF-8, becomes its three WTF-8 bytes (https://simonsapin.github.io/wtf-8/), so different strings never give one text.
 */
export function encodePart(part: string): string {
  return plain.test(part) ? part : part.replace(notPlain, encodeCharacter);
}

/** The inverse of `encodePart`; undefined for text that it never returns. */
export function decodePart(text: string): string | undefined {
  if (plain.test(text)) return text;
  const decoded = decodeBytes(text);
  // Each string has one encoding: %41, %e4, overlong forms and split surrogate pairs are invalid.
  return decoded !== undefined && encodePart(decoded) === text ? decoded : undefined;
}

function encodeCharacter(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x80) return percent(code);
  if (code < 0x800) return percent(0xc0 | (code >> 6)) + tail(code, 0);
  if (code < 0x10000) return percent(0xe0 | (code >> 12)) + tail(code, 6) + tail(code, 0);
  return percent(0xf0 | (code >> 18)) + tail(code, 12) + tail(code, 6) + tail(code, 0);
}

const tail = (code: number, shift: number): string => percent(0x80 | ((code >> shift) & 0x3f));
const percent = (byte: number): string => '%' + byte.toString(16).toUpperCase().padStart(2, '0');

/** Decodes escapes without checks; the caller encodes the result again and compares. */
function decodeBytes(text: string): string | undefined {
  let decoded = '';
  for (let at = 0; at < text.length;) {
    if (text[at] !== '%') {
      decoded += text.charAt(at++);
      continue;
    }
    const lead = byteAt(text, at);
    if (lead === undefined) return undefined;
    const length = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    let code = length === 1 ? lead : lead & (0x7f >> length);
    for (let index = 1; index < length; index++) {
      const byte = byteAt(text, at + index * 3);
      if (byte === undefined) return undefined;
      code = (code << 6) | (byte & 0x3f);
    }
    if (code > 0x10ffff) return undefined;
    decoded += String.fromCodePoint(code);
    at += length * 3;
  }
  return decoded;
}

function byteAt(text: string, at: number): number | undefined {
  const hex = text.slice(at, at + 3);
  return /^%[0-9A-F]{2}$/.test(hex) ? Number.parseInt(hex.slice(1), 16) : undefined;
}
