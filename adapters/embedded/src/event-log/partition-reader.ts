import { contractError, type LogRecord, type LogRun } from '@medrex/contracts';
import { unpackChunk } from './chunk.ts';
import { segmentBases } from './segment-files.ts';
import { openSegment, type SegmentReader } from './segment.ts';

/** Upper bounds of one run. */
export interface RunBounds {
  readonly maxRecords: number;
  readonly maxBytes: number;
}

/**
 * Reads one partition from a position on, segment by segment, whoever writes it, without blocking the writer. The
 * segments of a partition follow each other without gaps, so the one to read is always the last that begins at or
 * before the position.
 */
export class PartitionReader {
  readonly #folder: string;
  readonly #topic: string;
  readonly #partition: number;
  #segment: SegmentReader | undefined;
  /** The newest segment, while an older one is being read; only its end is needed. */
  #newest: SegmentReader | undefined;
  /** Records of the last chunk; those from `#taken` on are not yet delivered. */
  #chunk: readonly LogRecord[] = [];
  #taken = 0;
  /** Offset of the next chunk to read. */
  #position: number;

  constructor(folder: string, topic: string, partition: number, position: number) {
    this.#folder = folder;
    this.#topic = topic;
    this.#partition = partition;
    this.#position = position;
  }

  /**
   * The next run within the limits, at least one record; undefined if there is none yet.
   * @throws CodedError OFFSET_OUT_OF_RANGE
   */
  next({ maxRecords, maxBytes }: RunBounds): LogRun | undefined {
    const records: LogRecord[] = [];
    let room = maxBytes;
    while (records.length < maxRecords) {
      const record = this.#peek();
      if (record === undefined || (records.length > 0 && record.value.length > room)) break;
      this.#taken++;
      records.push(record);
      room -= record.value.length;
    }
    const last = records.at(-1);
    if (last === undefined) return undefined;
    return {
      topic: this.#topic,
      partition: this.#partition,
      records,
      endOffset: Math.max(this.#end(), last.offset + 1),
    };
  }

  close(): void {
    this.#segment?.close();
    this.#newest?.close();
    this.#segment = this.#newest = undefined;
  }

  #peek(): LogRecord | undefined {
    if (this.#taken === this.#chunk.length) this.#readChunk();
    return this.#chunk[this.#taken];
  }

  #readChunk(): void {
    do {
      const row = this.#segment?.chunkAt(this.#position);
      if (row === undefined) continue;
      const place = { topic: this.#topic, partition: this.#partition, baseOffset: row.base, timestampMs: row.at };
      this.#chunk = unpackChunk(row.bytes, place);
      this.#taken = Math.max(0, this.#position - row.base);
      this.#position = row.base + row.count;
      return;
    } while (this.#moveOn());
  }

  /**
   * Opens the segment to read; false if there is no later one.
   * @throws CodedError OFFSET_OUT_OF_RANGE
   */
  #moveOn(): boolean {
    const bases = segmentBases(this.#folder);
    const newest = bases.at(-1);
    if (newest === undefined || newest === this.#segment?.base) return false;
    const base = bases.findLast((one) => one <= this.#position);
    if (base === undefined) {
      const kept = `what is kept begins at ${bases[0]}`;
      throw contractError(
        'OFFSET_OUT_OF_RANGE',
        `${this.#topic}/${this.#partition}: offset ${this.#position} where ${kept}`,
      );
    }
    if (base !== this.#segment?.base) this.#open(base);
    this.#openNewest(newest);
    return true; // also when the segment is the same: the writer left it, so what it appended there last can be read now
  }

  #open(base: number): void {
    this.#segment?.close();
    this.#segment = openSegment(this.#folder, base); // undefined if it was just deleted; the next poll finds another segment, or the loss
  }

  #openNewest(base: number): void {
    this.#newest?.close();
    this.#newest = base === this.#segment?.base ? undefined : openSegment(this.#folder, base);
  }

  #end(): number {
    return (this.#newest ?? this.#segment)?.end() ?? 0;
  }
}
