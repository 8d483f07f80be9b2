import { describe, expect, it } from '@jest/globals';
import { hashState } from './state-hash.ts';

const entry = (key: string, value: string, txNum = 0) => ({
  key,
  value: Buffer.from(value),
  version: { blockNum: 1, txNum },
});

describe('hashState', () => {
  it('is one for one state, and another when a key, a value or a version differs', async () => {
    const states = [
      [],
      [entry('a', '1')],
      [entry('a', '2')],
      [entry('b', '1')],
      [entry('a', '1', 1)],
      [entry('a', '1'), entry('b', '')],
      [entry('a', '1b'), entry('', '')],
    ];
    const hashes = await Promise.all(states.map((state) => hashState(state)));
    expect(new Set(hashes).size).toBe(states.length);
    expect(await hashState([entry('a', '1')])).toBe(hashes[1]);
  });
});
