import { createRequire } from 'node:module';
import type { LogRecord, LogRun } from '@medrex/contracts';
import type { FetchedMessage, FetchedPartition } from './cluster.ts';

type Filter = (fetched: {
  readonly messages: readonly FetchedMessage[];
  readonly abortedTransactions: readonly unknown[];
}) => readonly FetchedMessage[];

/** Leaves out records of aborted transactions. */
const withoutAborted = createRequire(import.meta.url)('kafkajs/src/consumer/filterAbortedMessages') as Filter;

const bufferBytes = 4 * 1024 * 1024;

interface Buffered {
  readonly record: LogRecord;
  readonly bytes: number;
}

/** One partition of a subscription: fetched records that are not yet delivered, and the offset of the next fetch. */
export class PartitionBuffer {
  readonly partition: number;
  readonly #topic: string;
  readonly #wake = new Set<() => void>();
  #records: Buffered[] = [];
  #head = 0;
  #bytes = 0;
  #fetchOffset: number;
  #end: number;
  #error: unknown;
  #isLost = false;
  #isSuspect = false;
  #answeredMs = performance.now();

  constructor(topic: string, partition: number, position: number) {
    this.#topic = topic;
    this.partition = partition;
    this.#fetchOffset = position;
    this.#end = position;
  }

  /** The buffer is full: nothing more is fetched until some records are delivered. */
  get isFull(): boolean {
    return this.#bytes >= bufferBytes;
  }

  /** Offset of the next fetch. */
  get fetchOffset(): number {
    return this.#fetchOffset;
  }

  /** Its records were deleted, so nothing more is fetched. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /**
   * The last answer was empty although there are new records; it is requested alone, to find out whether the offset is
   * empty.
   */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** When its broker last answered, even without records; `performance.now()`. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  get hasRecords(): boolean {
    return this.#head < this.#records.length;
  }

  /**
   * Adds an answer.
   * @param wasAlone true if the request had no other partition that could have used up the size of the answer
   */
  add({ messages, highWatermark, lastStableOffset, abortedTransactions }: FetchedPartition, wasAlone: boolean): void {
    this.#answeredMs = performance.now();
    this.#end = Number(highWatermark);
    const last = messages.at(-1);
    if (last === undefined) {
      this.#stepOverGap(Number(lastStableOffset), wasAlone);
      return;
    }
    this.#isSuspect = false;
    const from = this.#fetchOffset;
    for (const message of withoutAborted({ messages, abortedTransactions })) {
      const offset = Number(message.offset);
      // Brokers return whole batches, even if reading begins in the middle of one.
      if (offset < from || message.isControlRecord === true) continue;
      const record = asRecord(this.#topic, this.partition, offset, message);
      const bytes = record.value.length;
      this.#records.push({ record, bytes });
      this.#bytes += bytes;
    }
    this.#fetchOffset = Math.max(from, Number(last.offset) + 1);
    this.#wakeAll();
  }

  /** An error of reading, which the next `next()` throws. */
  fail(error: unknown, isLost: boolean): void {
    this.#error = error;
    this.#isLost ||= isLost;
    this.#wakeAll();
  }

  /**
   * The next run within the limits, at least one record if there is one.
   * @throws the error of `fail`, after everything before it was delivered
   */
  next(maxRecords: number, maxBytes: number): LogRun | undefined {
    const records: LogRecord[] = [];
    let bytes = 0;
    for (; this.#head < this.#records.length && records.length < maxRecords; this.#head++) {
      const one = this.#records[this.#head] as Buffered;
      if (records.length > 0 && bytes + one.bytes > maxBytes) break;
      bytes += one.bytes;
      records.push(one.record);
    }
    this.#bytes -= bytes;
    this.#trim();
    const last = records.at(-1);
    if (last === undefined) this.#throwError();
    if (last === undefined) return undefined;
    return { topic: this.#topic, partition: this.partition, records, endOffset: Math.max(this.#end, last.offset + 1) };
  }

  /** Resolves when `next` may have something, or when `signal` is aborted. */
  arrival(signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#wake.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#wake.add(wake);
      signal.addEventListener('abort', wake);
      if (signal.aborted || this.hasRecords || this.#error !== undefined) wake();
    });
  }

  /** Nothing was returned although there are new records: after compaction long ranges of offsets can be empty. */
  #stepOverGap(end: number, wasAlone: boolean): void {
    const isBehind = this.#fetchOffset < end;
    if (isBehind && wasAlone && this.#isSuspect) this.#fetchOffset += 1;
    this.#isSuspect = isBehind;
    if (isBehind) this.#wakeAll();
  }

  #throwError(): void {
    const error = this.#error;
    this.#error = undefined;
    if (error !== undefined) throw error as Error;
  }

  #trim(): void {
    if (this.#head < 1024 && this.#head < this.#records.length) return;
    this.#records = this.#records.slice(this.#head);
    this.#head = 0;
  }

  #wakeAll(): void {
    for (const wake of [...this.#wake]) wake();
  }
}

const nothing = Buffer.alloc(0);

function asRecord(topic: string, partition: number, offset: number, message: FetchedMessage): LogRecord {
  const { key, value, timestamp, headers = {} } = message;
  return {
    topic,
    partition,
    offset,
    key: key?.toString(),
    value: value ?? nothing,
    // The last one of repeated headers counts.
    headers: new Map(
      Object.entries(headers).map(([name, bytes]) => [name, (Array.isArray(bytes) ? bytes.at(-1) : bytes) ?? nothing]),
    ),
    timestampMs: Number(timestamp),
  };
}
