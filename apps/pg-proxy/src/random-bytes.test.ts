import { describe, expect, it } from '@jest/globals';
import { randomBytesOf } from './random-bytes.ts';

describe('random bytes drawn in advance', () => {
  it('come in the requested number, and never twice', () => {
    const counts = Array.from({ length: 2_000 }, (_, index) => (index % 3 === 0 ? 4 : 22));
    const given = counts.map((count) => randomBytesOf(count));
    expect(given.map(({ length }) => length)).toEqual(counts);
    const long = given.filter(({ length }) => length === 22).map((bytes) => bytes.toString('hex'));
    expect(new Set(long).size).toBe(long.length);
  });

  it('belong to the caller alone: changing them does not affect the next ones', () => {
    const first = randomBytesOf(4_096);
    first.fill(0);
    expect(randomBytesOf(4_096).every((byte) => byte === 0)).toBe(false);
    expect(first.every((byte) => byte === 0)).toBe(true);
  });
});
