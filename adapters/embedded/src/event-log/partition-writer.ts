import { statSync } from 'node:fs';
import type { Retention } from '@medrex/contracts';
import type { Chunk } from './chunk.ts';
import type { PartitionFiles } from './partition-files.ts';
import { ifThere, removeLeftovers, removeSegment, segmentBases, segmentFile } from './segment-files.ts';
import { createSegment, openSegment, SegmentWriter } from './segment.ts';
import { lockPartition } from './writer-lock.ts';

/** When a new segment begins. Only whole segments are ever deleted. */
export interface SegmentLimits {
  readonly bytes: number;
  /** Maximum age of its first record; retention by age needs segments that are much younger. */
  readonly ms: number;
}

/** The writer of one partition: its lock, its newest segment, the end of the log. */
export class PartitionWriter {
  readonly #folder: string;
  readonly #limits: SegmentLimits;
  readonly #retention: Retention;
  readonly #lock: { release(): void };
  #segment: SegmentWriter;
  #firstMs: number | undefined;

  /** @throws CodedError LOG_HAS_ANOTHER_WRITER */
  constructor({ folder, name, retention }: PartitionFiles, limits: SegmentLimits) {
    this.#folder = folder;
    this.#limits = limits;
    this.#retention = retention;
    this.#lock = lockPartition(folder, name);
    try {
      const newest = segmentBases(folder).at(-1);
      removeLeftovers(folder);
      if (newest === undefined) createSegment(folder, 0);
      this.#segment = new SegmentWriter(folder, newest ?? 0);
      this.#firstMs = this.#segment.times()?.firstMs;
    } catch (error) {
      this.#lock.release();
      throw error;
    }
  }

  /**
   * Stores the chunks in one transaction and returns the offset of the first record. They are durable when it returns.
   */
  append(chunks: readonly Chunk[], nowMs: number): number {
    if (this.#isFull(nowMs)) {
      this.#roll();
      this.#drop(nowMs);
    }
    const baseOffset = this.#segment.end;
    this.#segment.append(chunks, nowMs);
    this.#firstMs ??= nowMs;
    return baseOffset;
  }

  /** Deletes expired segments, also the newest one if all of it is expired. */
  sweep(nowMs: number): void {
    if (this.#retention.cleanup !== 'age') return;
    const times = this.#segment.times();
    if (times !== undefined && times.lastMs < nowMs - this.#retention.retentionMs) this.#roll();
    this.#drop(nowMs);
  }

  close(): void {
    this.#segment.close();
    this.#lock.release();
  }

  // A compacted topic has only one segment: it is as large as the newest records of its keys.
  #isFull(nowMs: number): boolean {
    if (this.#retention.cleanup === 'compact' || this.#firstMs === undefined) return false;
    return this.#segment.bytes >= this.#limits.bytes || nowMs - this.#firstMs >= this.#limits.ms;
  }

  #drop(nowMs: number): void {
    dropByRetention(this.#folder, this.#retention, nowMs);
    removeLeftovers(this.#folder);
  }

  #roll(): void {
    const full = this.#segment;
    createSegment(this.#folder, full.end);
    this.#segment = new SegmentWriter(this.#folder, full.end);
    this.#firstMs = undefined;
    full.close();
  }
}

/**
 * Deletes segments that are entirely below `offset`. Any process may do this: the newest segment is never deleted, and
 * a reader that has one open continues to read it.
 */
export function dropSegmentsBelow(folder: string, offset: number): void {
  const bases = segmentBases(folder);
  for (const [index, base] of bases.entries()) {
    const next = bases[index + 1];
    if (next === undefined || next > offset) return;
    removeSegment(folder, base);
  }
}

/** True if all of a partition is past its retention by age, so that only its writer can delete it. */
export function isPastRetention({ folder, retention }: PartitionFiles, nowMs: number): boolean {
  const newest = segmentBases(folder).at(-1);
  if (newest === undefined || retention.cleanup !== 'age') return false;
  const segment = openSegment(folder, newest);
  const lastMs = segment?.lastMs();
  segment?.close();
  return lastMs !== undefined && lastMs < nowMs - retention.retentionMs;
}

/** Deletes the oldest segments, never the newest one, until the topic's retention by age and bytes holds. */
export function dropByRetention(folder: string, retention: Retention, nowMs: number): void {
  if (retention.cleanup !== 'age') return;
  const bases = segmentBases(folder);
  const sizes = bases.map((base) => ifThere(() => statSync(segmentFile(folder, base)).size) ?? 0);
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  for (const [index, base] of bases.slice(0, -1).entries()) {
    const isTooMuch = bytes > (retention.retentionBytes ?? Infinity);
    if (!isTooMuch && !isOlder(folder, base, nowMs - retention.retentionMs)) return;
    removeSegment(folder, base);
    bytes -= sizes[index] ?? 0;
  }
}

function isOlder(folder: string, base: number, oldestMs: number): boolean {
  const segment = openSegment(folder, base);
  const lastMs = segment?.lastMs();
  segment?.close();
  return lastMs === undefined || lastMs < oldestMs;
}
