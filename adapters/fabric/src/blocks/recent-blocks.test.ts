import { common } from '@hyperledger/fabric-protos';
import { describe, expect, it } from '@jest/globals';
import { RecentBlocks } from './recent-blocks.ts';

function block(number: number, bytes = 1): common.Block {
  const header = new common.BlockHeader();
  header.setNumber(number);
  const data = new common.BlockData();
  data.setDataList([new Uint8Array(bytes)]);
  const made = new common.Block();
  made.setHeader(header);
  made.setData(data);
  return made;
}

describe('RecentBlocks', () => {
  const kept = (recent: RecentBlocks, to: number): number[] =>
    Array.from({ length: to }, (_, number) => number).filter((number) => recent.get(number) !== undefined);

  it('keeps the newest, by count and by size', () => {
    const byCount = new RecentBlocks({ blocks: 2, bytes: 1_000 });
    for (let number = 0; number < 5; number++) byCount.add(block(number));
    expect(kept(byCount, 5)).toEqual([3, 4]);
    const bySize = new RecentBlocks({ blocks: 100, bytes: 250 });
    for (let number = 0; number < 5; number++) bySize.add(block(number, 100));
    expect(kept(bySize, 5)).toEqual([3, 4]);
  });

  it('counts the copy of another peer once, and keeps the first', () => {
    const recent = new RecentBlocks({ blocks: 100, bytes: 250 });
    const first = block(1, 100);
    recent.add(first);
    recent.add(block(1, 100));
    recent.add(block(2, 100));
    expect(recent.get(1)).toBe(first);
  });

  it('does not keep a block that is larger than its limit', () => {
    const recent = new RecentBlocks({ blocks: 100, bytes: 250 });
    recent.add(block(1, 300));
    recent.add(block(2, 100));
    expect(kept(recent, 3)).toEqual([2]);
  });
});
