import { describe, expect, it } from '@jest/globals';
import type { FetchedMessage, FetchedPartition } from './cluster.ts';
import { PartitionBuffer } from './fetched-partition.ts';

const message = (offset: number, more: Partial<FetchedMessage> = {}): FetchedMessage => ({
  offset: String(offset),
  timestamp: '1',
  key: null,
  value: Buffer.from(String(offset)),
  headers: {},
  ...more,
});

function answer(messages: readonly FetchedMessage[], end: number): FetchedPartition {
  const highWatermark = String(end);
  return { partition: 0, highWatermark, lastStableOffset: highWatermark, abortedTransactions: [], messages };
}

const offsets = (buffer: PartitionBuffer): readonly number[] =>
  buffer.next(100, 1_000_000)?.records.map(({ offset }) => offset) ?? [];

describe('PartitionBuffer', () => {
  it('leaves out records before the requested offset, since brokers return whole batches', () => {
    const buffer = new PartitionBuffer('t', 0, 2);
    buffer.add(answer([message(0), message(1), message(2), message(3)], 4), true);
    expect(offsets(buffer)).toEqual([2, 3]);
    expect(buffer.fetchOffset).toBe(4);
  });

  it('leaves out control records and continues after them', () => {
    const buffer = new PartitionBuffer('t', 0, 0);
    buffer.add(answer([message(0), message(1, { isControlRecord: true })], 2), true);
    expect(offsets(buffer)).toEqual([0]);
    expect(buffer.fetchOffset).toBe(2);
  });

  it('skips an offset emptied by compaction, but only if nothing else used up the size of the answer', () => {
    const buffer = new PartitionBuffer('t', 0, 5);
    buffer.add(answer([], 9), false);
    expect([buffer.fetchOffset, buffer.isSuspect]).toEqual([5, true]);
    buffer.add(answer([], 9), true);
    expect(buffer.fetchOffset).toBe(6);
    buffer.add(answer([message(8)], 9), true);
    expect(offsets(buffer)).toEqual([8]);
  });

  it('returns the records before an error, then the error, once', () => {
    const buffer = new PartitionBuffer('t', 0, 0);
    buffer.add(answer([message(0)], 1), true);
    buffer.fail(new Error('lost'), true);
    expect(offsets(buffer)).toEqual([0]);
    expect(() => buffer.next(1, 1)).toThrow('lost');
    expect(buffer.next(1, 1)).toBeUndefined();
    expect(buffer.isLost).toBe(true);
  });
});
