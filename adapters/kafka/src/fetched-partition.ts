import { createRequire } from 'node:module';
import type { LogRecord, LogRun } from '@medrex/contracts';
import type { FetchedMessage, FetchedPartition } from './cluster.ts';

type Filter = (fetched: {
  readonly messages: readonly FetchedMessage[];
  readonly abortedTransactions: readonly unknown[];
}) => readonly FetchedMessage[];

/** Leaves out what a transactional producer took back. */
const withoutAborted = createRequire(import.meta.url)('kafkajs/src/consumer/filterAbortedMessages') as Filter;

const bufferBytes = 4 * 1024 * 1024;

interface Buffered {
  readonly record: LogRecord;
  readonly bytes: number;
}

/** One partition of a subscription: what was fetched and not handed out yet, and where the next fetch begins. */
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

  /** Enough waits: nothing more is fetched until some of it is handed out. */
  get isFull(): boolean {
    return this.#bytes >= bufferBytes;
  }

  /** Where the next fetch begins. */
  get fetchOffset(): number {
    return this.#fetchOffset;
  }

  /** Its records were deleted: nothing more is fetched. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** The last answer was empty though the log goes on; it is asked for alone, to see whether there is nothing at this offset. */
  get isSuspect(): boolean {
    return this.#isSuspect;
  }

  /** When its broker answered last, be it with nothing; `performance.now()`. */
  get answeredMs(): number {
    return this.#answeredMs;
  }

  get hasRecords(): boolean {
    return this.#head < this.#records.length;
  }

  /** Takes in an answer. @param wasAlone true when the request named no other partition, so that nothing else took its room. */
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
      // A batch comes whole, also when reading begins in its middle.
      if (offset < from || message.isControlRecord === true) continue;
      const record = asRecord(this.#topic, this.partition, offset, message);
      const bytes = record.value.length;
      this.#records.push({ record, bytes });
      this.#bytes += bytes;
    }
    this.#fetchOffset = Math.max(from, Number(last.offset) + 1);
    this.#wakeAll();
  }

  /** What reading met: told by the next `next()`. */
  fail(error: unknown, isLost: boolean): void {
    this.#error = error;
    this.#isLost ||= isLost;
    this.#wakeAll();
  }

  /** The next run within the bounds, at least one record when there is one. @throws what `fail` was told, once everything before it is handed out */
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

  /** Nothing came although the log goes on: after compaction whole stretches of offsets can be empty. */
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
    // Of a header that is there more than once the last one counts.
    headers: new Map(
      Object.entries(headers).map(([name, bytes]) => [name, (Array.isArray(bytes) ? bytes.at(-1) : bytes) ?? nothing]),
    ),
    timestampMs: Number(timestamp),
  };
}
