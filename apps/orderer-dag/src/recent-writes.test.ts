import { describe, expect, it } from '@jest/globals';
import { RecentWrites } from './recent-writes.ts';
import { aBlock, at, aTransaction, bedKey } from './testing/blocks.ts';

const isForeign = (txId: string): boolean => txId.startsWith('foreign');
const nothingDiscovered = new Set<string>();

describe('RecentWrites', () => {
  it('finds exactly the reads made stale by a foreign writer', () => {
    const recent = new RecentWrites();
    recent.note(
      aBlock(7, [aTransaction({ txId: 'ours', writes: ['a'] }), aTransaction({ txId: 'foreign', writes: ['b'] })]),
      isForeign,
    );
    const reads = [
      { key: bedKey('a'), version: at(3, 0) },
      { key: bedKey('b'), version: at(6, 9) },
    ];
    expect(recent.stale(reads, nothingDiscovered, 'medrex')).toEqual([bedKey('b')]);
    expect(recent.stale([{ key: bedKey('b'), version: at(7, 1) }], nothingDiscovered, 'medrex')).toEqual([]);
    expect(recent.stale([{ key: bedKey('b'), version: at(8, 0) }], nothingDiscovered, 'medrex')).toEqual([]);
  });

  it('counts our own writes of discovered keys', () => {
    const recent = new RecentWrites();
    recent.note(aBlock(7, [aTransaction({ txId: 'ours', writes: ['a'] })]), isForeign);
    const reads = [{ key: bedKey('a'), version: at(6, 0) }];
    expect(recent.stale(reads, new Set([bedKey('a')]), 'medrex')).toEqual([bedKey('a')]);
  });

  it('distinguishes absent keys from present ones', () => {
    const recent = new RecentWrites();
    recent.note(aBlock(7, [aTransaction({ txId: 'foreign', writes: ['a'], deletes: ['b'] })]), isForeign);
    const absent = [bedKey('a'), bedKey('b')].map((key) => ({ key, version: undefined }));
    expect(recent.stale(absent, nothingDiscovered, 'medrex')).toEqual([bedKey('a')]);
    expect(recent.stale([{ key: bedKey('b'), version: at(2, 0) }], nothingDiscovered, 'medrex')).toEqual([bedKey('b')]);
  });

  it('ignores invalid transactions', () => {
    const recent = new RecentWrites();
    recent.note(aBlock(7, [aTransaction({ txId: 'foreign', code: 'MVCC_READ_CONFLICT', writes: ['a'] })]), isForeign);
    expect(recent.stale([{ key: bedKey('a'), version: at(1, 0) }], nothingDiscovered, 'medrex')).toEqual([]);
  });

  it('forgets blocks older than every endorsement in flight', () => {
    const recent = new RecentWrites();
    recent.note(aBlock(7, [aTransaction({ txId: 'foreign', writes: ['a'] })]), isForeign);
    recent.note(aBlock(8, [aTransaction({ txId: 'foreign', writes: ['b'] })]), isForeign);
    recent.forgetBelow(8);
    const reads = ['a', 'b'].map((name) => ({ key: bedKey(name), version: at(1, 0) }));
    expect(recent.stale(reads, nothingDiscovered, 'medrex')).toEqual([bedKey('b')]);
    expect(recent.size).toBe(1);
  });

  it('distinguishes equal keys of two chaincodes', () => {
    const recent = new RecentWrites();
    const other = { ...aTransaction({ txId: 'foreign', writes: ['a'] }), chaincode: 'basic' };
    recent.note(aBlock(7, [other]), isForeign);
    const reads = [{ key: bedKey('a'), version: at(1, 0) }];
    const discovered = new Set([bedKey('a')]);
    expect(recent.stale(reads, discovered, 'medrex')).toEqual([]);
    expect(recent.stale(reads, discovered, 'basic')).toEqual([bedKey('a')]);
  });
});
