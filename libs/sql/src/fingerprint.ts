import type { Skeleton } from './skeleton.ts';

/** A literal or parameter, or a list of them. */
const values = /(?:\u0001[sifx]|\$\d+)(?: ?, ?(?:\u0001[sifx]|\$\d+))*/g;
const rows = /\(\?\)(?: ?, ?\(\?\))+/g;

/**
 * The fingerprint of a statement: equal for texts that differ only in literals, lengths of lists and of VALUES, comments, layout and case
 * of keywords. It is computed from tokens, so that texts that cannot be parsed have one too. libpg_query's own fingerprint would need a
 * second parse, and is equal for `LISTEN a` and `LISTEN b`.
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
