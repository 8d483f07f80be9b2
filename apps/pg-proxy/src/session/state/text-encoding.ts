import { Buffer } from 'node:buffer';
import type { ByteRange } from '@medrex/sql';

/**
 * How the bytes of a client's texts are decoded: as UTF-8, or in an encoding that contains ASCII. `mixed`: the second byte of a character
 * may look like ASCII.
 */
export type TextEncoding = 'utf8' | 'other' | 'mixed';

/** Reads the same in every encoding, one byte a character. */
export const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** @param text UTF-8 read as latin1 */
export const utf8Of = (text: string): string => (isAscii(text) ? text : Buffer.from(text, 'latin1').toString('utf8'));

/** @returns its UTF-8, read as latin1 */
export const latin1Of = (text: string): string => (isAscii(text) ? text : Buffer.from(text).toString('latin1'));

/** Converts ranges of a UTF-8 text to the client's encoding with one byte a character. @param ranges in UTF-8 */
export function rangesIn(text: string, ranges: readonly ByteRange[]): ByteRange[] {
  const bytes = Buffer.from(text);
  const lettersTo = (end: number): number => bytes.toString('utf8', 0, end).length;
  return ranges.map(({ start, end }) => ({ start: lettersTo(start), end: lettersTo(end) }));
}
