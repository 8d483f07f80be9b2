import { describe, expect, it } from '@jest/globals';
import { RecentBlocks } from './recent-blocks.ts';

const block = (number: number) => ({ channel: 'ehr', number, transactions: [] });
const kept = (blocks: RecentBlocks, upTo: number) =>
  Array.from({ length: upTo }, (_, number) => number).filter((number) => blocks.get(number) !== undefined);

describe('RecentBlocks', () => {
  it('keeps the newest, so many at most', () => {
    const blocks = new RecentBlocks({ blocks: 3, bytes: 1_000 });
    for (let number = 0; number < 10; number++) blocks.add(block(number), 1);
    expect(kept(blocks, 10)).toEqual([7, 8, 9]);
  });

  it('keeps the newest, so many bytes at most', () => {
    const blocks = new RecentBlocks({ blocks: 100, bytes: 1_000 });
    for (let number = 0; number < 10; number++) blocks.add(block(number), 300);
    expect(kept(blocks, 10)).toEqual([7, 8, 9]);
    blocks.add(block(10), 5_000);
    expect(kept(blocks, 11)).toEqual([]);
  });
});
