import { contractError } from '../errors.ts';
import type { LogRecord, NewRecord } from '../event-log.ts';
import { checkRecord, recordSize } from '../record-size.ts';
import { retentionOf, type Retention } from '../topic-table.ts';

/** One partition kept in memory, in offset order; compaction leaves gaps. */
export class InMemoryPartition {
  readonly #topic: string;
  readonly #partition: number;
  readonly #bytesMax: number;
  readonly #retention: Retention;
  readonly #waiting = new Set<() => void>();
  /** Records before index `#head` are deleted; the array is truncated when they are the larger part. */
  #records: LogRecord[] = [];
  #head = 0;
  #bytes = 0;
  #start = 0;
  #end = 0;

  constructor(topic: string, partition: number, bytesMax: number) {
    this.#topic = topic;
    this.#partition = partition;
    this.#bytesMax = bytesMax;
    this.#retention = retentionOf(topic);
  }

  get start(): number {
    return this.#start;
  }

  get end(): number {
    return this.#end;
  }

  /** Appends all or nothing; returns the offset of the first. @throws CodedError LOG_FULL, RECORD_TOO_LARGE, RECORD_KEY_MISSING */
  append(records: readonly NewRecord[], nowMs: number): number {
    const isCompacted = this.#retention.cleanup === 'compact';
    const added = records.reduce((sum, record) => sum + checkRecord(this.#name(), record, isCompacted), 0);
    this.#makeRoom(added, nowMs);
    const baseOffset = this.#end;
    for (const record of records) this.#push(record, nowMs);
    this.#bytes += added;
    if (isCompacted) this.#compact();
    for (const wake of [...this.#waiting]) wake();
    return baseOffset;
  }

  /** Records from `offset` on within the bounds, at least one when there is one. @throws CodedError OFFSET_OUT_OF_RANGE */
  read(offset: number, maxRecords: number, maxBytes: number): LogRecord[] {
    this.checkOffset(offset);
    const run: LogRecord[] = [];
    let bytes = 0;
    for (let at = this.#indexOf(offset); at < this.#records.length && run.length < maxRecords; at++) {
      const record = this.#records[at] as LogRecord;
      bytes += record.value.length;
      if (run.length > 0 && bytes > maxBytes) break;
      run.push(record);
    }
    return run;
  }

  /** @throws CodedError OFFSET_OUT_OF_RANGE `offset` is not available any more, or not yet */
  checkOffset(offset: number): void {
    if (offset >= this.#start && offset <= this.#end) return;
    const kept = `${this.#start} to ${this.#end}`;
    throw contractError('OFFSET_OUT_OF_RANGE', `${this.#name()}: offset ${offset} where ${kept} is kept`);
  }

  /** Resolves with the next append, or when `signal` is aborted. */
  arrival(signal: AbortSignal): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve(undefined);
    };
    this.#waiting.add(wake);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
    return promise;
  }

  /** The newest record of each key, in offset order. */
  latest(): LogRecord[] {
    const newest = new Map<string, LogRecord>();
    for (const record of this.#records.slice(this.#head)) {
      if (record.key === undefined) continue;
      newest.delete(record.key);
      newest.set(record.key, record);
    }
    return [...newest.values()];
  }

  truncateBefore(offset: number): void {
    if (this.#retention.cleanup === 'compact') return;
    const start = Math.max(this.#start, Math.min(offset, this.#end));
    this.#dropTo(this.#indexOf(start));
    this.#start = start;
  }

  #name(): string {
    return `${this.#topic}/${this.#partition}`;
  }

  #push({ key, value, headers }: NewRecord, timestampMs: number): void {
    const place = { topic: this.#topic, partition: this.#partition, offset: this.#end++ };
    const copied = new Map([...(headers ?? [])].map(([name, bytes]) => [name, Buffer.from(bytes)]));
    this.#records.push({ ...place, key, value: Buffer.from(value), headers: copied, timestampMs });
  }

  #makeRoom(added: number, nowMs: number): void {
    if (this.#retention.cleanup === 'age') this.#dropOld(added, nowMs - this.#retention.retentionMs);
    if (this.#bytes + added <= this.#bytesMax) return;
    const kept = `${this.#bytes} bytes are kept`;
    throw contractError('LOG_FULL', `${this.#name()}: ${kept}, ${added} more would pass ${this.#bytesMax}`);
  }

  #dropOld(added: number, oldestMs: number): void {
    let bytes = this.#bytes + added;
    let at = this.#head;
    for (; at < this.#records.length; at++) {
      const record = this.#records[at] as LogRecord;
      if (record.timestampMs >= oldestMs && bytes <= this.#bytesMax) break;
      bytes -= recordSize(record);
    }
    if (at === this.#head) return;
    this.#start = this.#records[at]?.offset ?? this.#end;
    this.#dropTo(at);
  }

  #dropTo(index: number): void {
    for (; this.#head < index; this.#head++) this.#bytes -= recordSize(this.#records[this.#head] as LogRecord);
    if (this.#head * 2 <= this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }

  #compact(): void {
    this.#records = this.latest();
    this.#head = 0;
    this.#bytes = this.#records.reduce((sum, record) => sum + recordSize(record), 0);
  }

  /** Index of the first kept record at or after `offset`, by binary search. */
  #indexOf(offset: number): number {
    let low = this.#head;
    let high = this.#records.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#records[middle] as LogRecord).offset < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
