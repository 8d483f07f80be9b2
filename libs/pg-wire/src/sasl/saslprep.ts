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
 * Prepares a password for SCRAM by SASLprep (RFC 4013), with PostgreSQL's deviations so that both agree on every password: a password
 * that is not UTF-8 or contains a prohibited character is used as raw bytes, and prohibited characters are checked before normalization.
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

/** RFC 3454, section 6: right-to-left text must contain no left-to-right characters, and begin and end with right-to-left ones. */
function isBidiSound(codes: readonly number[]): boolean {
  const isRightToLeft = (code: number | undefined): boolean =>
    code !== undefined && includesCodePoint(rightToLeft, code);
  if (!codes.some(isRightToLeft)) return true;
  if (codes.some((code) => includesCodePoint(leftToRight, code))) return false;
  return isRightToLeft(codes[0]) && isRightToLeft(codes.at(-1));
}
