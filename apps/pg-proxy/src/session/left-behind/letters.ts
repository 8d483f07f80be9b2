import { Buffer } from 'node:buffer';
import type { ByteRange } from '@medrex/sql';

/**
 * How the bytes of a client's texts are letters: of UTF-8, or of an encoding that has ASCII, too. `mixed` where the second byte of a
 * letter may look like ASCII.
 */
export type Letters = 'utf8' | 'other' | 'mixed';

/** It says the same in every encoding, in one byte a letter. */
export const isAscii = (text: string): boolean => Buffer.byteLength(text) === text.length;

/** @param text UTF-8, as latin1 */
export const utf8Of = (text: string): string => (isAscii(text) ? text : Buffer.from(text, 'latin1').toString('utf8'));

/** @returns its UTF-8, as latin1 */
export const latin1Of = (text: string): string => (isAscii(text) ? text : Buffer.from(text).toString('latin1'));

/** Ranges of a text whose letters are one byte each. @param ranges of it in UTF-8 */
export function rangesIn(text: string, ranges: readonly ByteRange[]): ByteRange[] {
  const bytes = Buffer.from(text);
  const lettersTo = (end: number): number => bytes.toString('utf8', 0, end).length;
  return ranges.map(({ start, end }) => ({ start: lettersTo(start), end: lettersTo(end) }));
}
