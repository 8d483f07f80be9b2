import type { Skeleton } from './skeleton.ts';

/** Literals and parameters, one or a list of them; rows of such lists. */
const values = /(?:\u0001[sifx]|\$\d+)(?: ?, ?(?:\u0001[sifx]|\$\d+))*/g;
const rows = /\(\?\)(?: ?, ?\(\?\))+/g;

/**
 * Equal for statements that differ in literals, in the length of lists and rows of VALUES, in comments, layout and the case of
 * words only. It is made of tokens, so texts that no grammar here knows have one too. PostgreSQL's own fingerprint takes a
 * second parse, and calls `LISTEN a` and `LISTEN b` the same.
 */
export function fingerprintOf({ key }: Skeleton): string {
  const shape = key.replace(values, '?').replace(rows, '(?)');
  let isQuoted = false;
  let high = 0xdeadbeef;
  let low = 0x41c6ce57;
  for (let place = 0; place < shape.length; place++) {
    let code = shape.charCodeAt(place);
    if (code === 0x22) isQuoted = !isQuoted;
    if (!isQuoted && code >= 0x41 && code <= 0x5a) code |= 0x20;
    high = Math.imul(high ^ code, 0x9e3779b1);
    low = Math.imul(low ^ code, 0x5f356495);
  }
  high = mixed(high) ^ mixed(low + 0x7f4a7c15);
  return hex(high) + hex(mixed(low ^ high));
}

function mixed(word: number): number {
  let value = Math.imul(word ^ (word >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return value ^ (value >>> 16);
}

const hex = (word: number): string => (word >>> 0).toString(16).padStart(8, '0');
