import {
  includesCodePoint,
  leftToRight,
  mappedToNothing,
  nonAsciiSpaces,
  prohibited,
  rightToLeft,
  unassigned,
} from './stringprep-tables.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * A password as SCRAM hashes it: SASLprep (RFC 4013) the way PostgreSQL does it. Plain ASCII stays as it is; what is not
 * UTF-8 or has a character that may not be there is taken by its bytes. What may be there is asked before normalisation,
 * as PostgreSQL asks it, so that both agree on every password.
 */
export function saslprep(password: Uint8Array): Buffer {
  const raw = Buffer.from(password.buffer, password.byteOffset, password.byteLength);
  if (raw.every((byte) => byte < 0x80)) return raw;
  const mapped = mappedFrom(raw);
  if (mapped === undefined || mapped.length === 0 || !mapped.every(isAllowed) || !isBidiSound(mapped)) return raw;
  return Buffer.from(String.fromCodePoint(...mapped).normalize('NFKC'));
}

function mappedFrom(raw: Buffer): number[] | undefined {
  try {
    return Array.from(utf8.decode(raw), (character) => character.codePointAt(0) ?? 0)
      .filter((code) => !includesCodePoint(mappedToNothing, code) || includesCodePoint(nonAsciiSpaces, code))
      .map((code) => (includesCodePoint(nonAsciiSpaces, code) ? 0x20 : code));
  } catch {
    return undefined;
  }
}

function isAllowed(code: number): boolean {
  return !includesCodePoint(prohibited, code) && !includesCodePoint(unassigned, code);
}

/** Right-to-left text stands alone, and begins and ends with a character of its own direction. */
function isBidiSound(codes: readonly number[]): boolean {
  const isRightToLeft = (code: number | undefined): boolean =>
    code !== undefined && includesCodePoint(rightToLeft, code);
  if (!codes.some(isRightToLeft)) return true;
  if (codes.some((code) => includesCodePoint(leftToRight, code))) return false;
  return isRightToLeft(codes[0]) && isRightToLeft(codes.at(-1));
}
