import { readdirSync, rmSync, writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Retention } from '@medrex/contracts';
import { packChunks } from './chunk.ts';
import { PartitionReader } from './partition-reader.ts';
import { PartitionWriter, type SegmentLimits } from './partition-writer.ts';
import { segmentBases, segmentFile } from './segment-files.ts';
import { aFolder } from './testing/a-folder.ts';

describe('PartitionWriter', () => {
  let folder: ReturnType<typeof aFolder>;
  let writer: PartitionWriter | undefined;
  beforeEach(() => {
    folder = aFolder();
  });
  afterEach(() => {
    writer?.close();
    writer = undefined;
    folder.remove();
  });
  const write = (retention: Retention, limits: Partial<SegmentLimits> = {}): PartitionWriter => {
    writer?.close();
    writer = new PartitionWriter({ name: 't/0', folder: folder.path, retention }, { bytes: 1e9, ms: 1e12, ...limits });
    return writer;
  };
  const chunk = (bytes = 100): ReturnType<typeof packChunks> => packChunks([{ value: Buffer.alloc(bytes) }], false);
  const bases = (): number[] => segmentBases(folder.path);

  it('begins a new segment when the last one is full or old, and remembers that over a restart', () => {
    const limits = { bytes: 250, ms: 1_000 };
    write({ cleanup: 'mark' }, limits);
    for (const atMs of [0, 1, 2]) writer?.append(chunk(), atMs);
    expect(bases()).toEqual([0]);
    write({ cleanup: 'mark' }, limits).append(chunk(), 3);
    expect(bases()).toEqual([0, 3]);
    write({ cleanup: 'mark' }, limits).append(chunk(), 1_003);
    expect(bases()).toEqual([0, 3, 4]);
  });

  it('deletes whole segments whose last record is too old, when it begins a new one', () => {
    write({ cleanup: 'age', retentionMs: 1_000 }, { bytes: 1 });
    for (const atMs of [0, 500, 900, 1_600, 1_601]) writer?.append(chunk(), atMs);
    expect(bases()).toEqual([2, 3, 4]);
  });

  it('deletes the oldest segments beyond the bytes that a topic may have', () => {
    write({ cleanup: 'age', retentionMs: 1e12, retentionBytes: 600_000 }, { bytes: 1 });
    for (let atMs = 0; atMs < 10; atMs++) writer?.append(chunk(200_000), atMs);
    expect(bases().length).toBeGreaterThanOrEqual(2);
    expect(bases().length).toBeLessThanOrEqual(4);
    expect(bases().at(-1)).toBe(9);
  });

  it('sweeps the newest segment, too, once all of it is too old; offsets go on', () => {
    write({ cleanup: 'age', retentionMs: 1_000 });
    writer?.append(chunk(), 0);
    writer?.append(chunk(), 600);
    writer?.sweep(1_500);
    expect(bases()).toEqual([0]);
    writer?.sweep(1_601);
    expect(bases()).toEqual([2]);
    writer?.sweep(9_000);
    expect(bases()).toEqual([2]);
    expect(writer?.append(chunk(), 9_000)).toBe(2);
  });

  it('deletes nothing by age in topics that only truncation shortens', () => {
    write({ cleanup: 'mark' }, { bytes: 1 });
    for (const atMs of [0, 1e9, 2e9]) writer?.append(chunk(), atMs);
    writer?.sweep(9e12);
    expect(bases()).toEqual([0, 1, 2]);
  });

  it('removes leftovers of interrupted deletions of segments', () => {
    write({ cleanup: 'mark' }, { bytes: 1 });
    for (const atMs of [0, 1]) writer?.append(chunk(), atMs);
    for (const suffix of ['-wal', '-shm']) writeFileSync(`${segmentFile(folder.path, 0)}${suffix}`, 'Smith');
    rmSync(segmentFile(folder.path, 0));
    write({ cleanup: 'mark' });
    expect(readdirSync(folder.path).filter((name) => name.startsWith('0000000000000000'))).toEqual([]);
    expect(writer?.append(chunk(), 2)).toBe(2);
  });

  it('stores all of an append or nothing', () => {
    write({ cleanup: 'mark' });
    const broken = { count: 1, bytes: undefined as never };
    expect(() => writer?.append([...chunk(), broken], 0)).toThrow();
    expect(writer?.append(chunk(), 0)).toBe(0);
    const reader = new PartitionReader(folder.path, 't', 0, 0);
    expect(reader.next({ maxRecords: 10, maxBytes: 1e6 })?.records.map(({ offset }) => offset)).toEqual([0]);
    reader.close();
  });
});
