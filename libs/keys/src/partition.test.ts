import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { murmur2, partitionOf } from './partition.ts';

describe('murmur2', () => {
  // The values of Apache Kafka's own test (UtilsTest.testMurmur2).
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('hashes %s as Kafka does', (text, hash) => {
    expect(murmur2(new TextEncoder().encode(text))).toBe(hash);
  });
});

describe('partitionOf', () => {
  it('clears the sign bit before it takes the remainder, as Kafka does', () => {
    expect(partitionOf('21', 1000)).toBe(((-973932308 & 0x7fffffff) >>> 0) % 1000);
    expect(partitionOf('foobar', 12)).toBe((2147483648 - 790332482) % 12);
  });

  it('stays within the partitions for any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 1000 }), (text, partitions) => {
        const partition = partitionOf(text, partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
      }),
    );
  });

  it('refuses an invalid count', () => {
    for (const count of [0, -1, 1.5, Number.NaN]) {
      expect(() => partitionOf('a', count)).toThrow(expect.objectContaining({ code: 'INVALID_SHARD' }));
    }
  });
});
