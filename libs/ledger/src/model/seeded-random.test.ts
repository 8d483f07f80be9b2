import { describe, expect, it } from '@jest/globals';
import { seededRandom } from './seeded-random.ts';

describe('seededRandom', () => {
  it('fills [0, 1) evenly and repeats with its seed', () => {
    const random = seededRandom(5);
    const drawn = Array.from({ length: 20_000 }, random);
    const again = seededRandom(5);
    expect(drawn.slice(0, 100)).toEqual(Array.from({ length: 100 }, again));
    const tenths = new Array<number>(10).fill(0);
    for (const value of drawn) tenths[Math.floor(value * 10)]! += 1;
    expect(tenths).toHaveLength(10); // nothing outside
    for (const count of tenths) expect(Math.abs(count - 2_000)).toBeLessThan(200);
  });
});
