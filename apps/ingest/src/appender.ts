import {
  countOperations,
  encodeOperationBytes,
  operationsPerRecord,
  topics,
  type EventLog,
  type RoutedBytes,
} from '@medrex/contracts';
import { setTimeout as delay } from 'node:timers/promises';
import { newGate } from './gate.ts';

export interface AppenderOptions {
  readonly log: Pick<EventLog, 'append'>;
  /** The channel's partition of the `operations` topic. */
  readonly partition: number;
  /** The highest low-water mark read so far: every operation below it is terminal. */
  readonly lowWaterMark: () => number;
  /** Limit of operations waiting to be appended; `hasRoom` is false above it. */
  readonly queueMax: number;
  /** Limit of the bytes of those operations. */
  readonly queueBytesMax: number;
  readonly onAppended: (facts: {
    readonly operations: number;
    readonly bytes: number;
    readonly elapsedMs: number;
  }) => void;
  readonly onFailure: (error: unknown, attempt: number) => void;
  /** Called when the log assigned an offset below the low-water mark, which means that the topic was recreated. */
  readonly onHalt: (facts: { readonly offset: number; readonly lowWaterMark: number }) => void;
  /** Delays between retries, in ms; the last one repeats. */
  readonly backoffMs?: readonly number[];
}

/** Operations were not appended, or it is unknown whether they were. */
export class NotAppended extends Error {
  readonly reason: 'halted' | 'stopped';
  constructor(reason: 'halted' | 'stopped') {
    super(`operations were not appended: ${reason}`);
    this.name = 'NotAppended';
    this.reason = reason;
  }
}

interface Waiting {
  readonly operations: readonly RoutedBytes[];
  readonly bytes: number;
  readonly resolve: (seqs: readonly number[]) => void;
  readonly reject: (error: NotAppended) => void;
}

/** Maximum bytes of one append: a disk or broker writes them in well below a second. */
const bytesPerAppend = 16 * 1024 * 1024;
/** Maximum operations of one append: enough to amortise an fsync, few enough to encode without blocking the event loop. */
const operationsPerAppend = operationsPerRecord;

/**
 * The only writer of this process to the `operations` log of a channel. Operations are appended in the order of the calls; one append
 * is in flight, and all that arrive meanwhile go into the next one. A failed append may or may not have been stored, so exactly the
 * same records are retried before anything else: at worst the log holds them twice, in order.
 */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #stop = new AbortController();
  readonly #stopped = newGate();
  #queue: Waiting[] = [];
  #inFlight: readonly Waiting[] = [];
  #queued = 0;
  #queuedBytes = 0;
  #ended: 'halted' | 'stopped' | undefined;
  #running: Promise<void> | undefined;

  constructor(options: AppenderOptions) {
    this.#options = options;
  }

  get queued(): number {
    return this.#queued;
  }

  get hasRoom(): boolean {
    const { queueMax, queueBytesMax } = this.#options;
    return this.#queued < queueMax && this.#queuedBytes < queueBytesMax;
  }

  /** True once the topic was found to be recreated; nothing is appended any more. */
  get isHalted(): boolean {
    return this.#ended === 'halted';
  }

  /**
   * Appends operations behind those of all earlier calls.
   * @returns the seq of each operation, once all are durable.
   * @throws NotAppended
   */
  append(operations: readonly RoutedBytes[]): Promise<readonly number[]> {
    if (this.#ended !== undefined) return Promise.reject(new NotAppended(this.#ended));
    if (operations.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      const bytes = operations.reduce((sum, { operationBytes }) => sum + operationBytes.length, 0);
      this.#queue.push({ operations, bytes, resolve, reject });
      this.#queued += operations.length;
      this.#queuedBytes += bytes;
      this.#running ??= this.#run();
    });
  }

  /** Appends what is queued, for at most `graceMs`, and then closes. */
  async close(graceMs: number): Promise<void> {
    const timer = setTimeout(() => this.rejectAll(), graceMs);
    await Promise.race([this.#running, this.#stopped.opened]);
    clearTimeout(timer);
    this.rejectAll();
  }

  /** Rejects all queued operations and those in flight, of which it is unknown whether they were stored. */
  rejectAll(): void {
    this.#end('stopped');
  }

  async #run(): Promise<void> {
    // Calls made in the same turn of the event loop share one append.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      this.#inFlight = this.#takeGroup();
      const operations = this.#inFlight.flatMap((one) => one.operations);
      const seqs = await this.#appendUntilAcked(operations);
      this.#removeQueued(this.#inFlight);
      if (seqs !== undefined) settle(this.#inFlight, seqs);
      this.#inFlight = [];
    }
    this.#running = undefined;
  }

  /** The operations of one or more calls; a call is never split. */
  #takeGroup(): readonly Waiting[] {
    let operations = 0;
    let bytes = 0;
    const end = this.#queue.findIndex((one, at) => {
      operations += one.operations.length;
      bytes += one.bytes;
      return at > 0 && (operations > operationsPerAppend || bytes > bytesPerAppend);
    });
    return this.#queue.splice(0, end < 0 ? this.#queue.length : end);
  }

  async #appendUntilAcked(operations: readonly RoutedBytes[]): Promise<readonly number[] | undefined> {
    const records = encodeOperationBytes(operations);
    for (let attempt = 1; this.#ended === undefined; attempt += 1) {
      const lowWaterMark = this.#options.lowWaterMark();
      const startMs = performance.now();
      try {
        const { baseOffset } = await this.#options.log.append(
          topics.operations,
          this.#options.partition,
          records.map((value) => ({ value })),
        );
        if (baseOffset * operationsPerRecord < lowWaterMark) return this.#halt(baseOffset, lowWaterMark);
        const bytes = records.reduce((sum, { length }) => sum + length, 0);
        this.#options.onAppended({ operations: operations.length, bytes, elapsedMs: performance.now() - startMs });
        return seqsOf(records, baseOffset);
      } catch (error) {
        this.#options.onFailure(error, attempt);
        await this.#pause(attempt);
      }
    }
    return undefined;
  }

  async #pause(attempt: number): Promise<void> {
    const backoffMs = this.#options.backoffMs ?? [50, 100, 200, 500, 1000];
    const ms = backoffMs[Math.min(attempt, backoffMs.length) - 1] ?? 1000;
    await delay(ms, undefined, { signal: this.#stop.signal }).catch(() => undefined);
  }

  #removeQueued(group: readonly Waiting[]): void {
    for (const { operations, bytes } of group) {
      this.#queued -= operations.length;
      this.#queuedBytes -= bytes;
    }
  }

  #halt(offset: number, lowWaterMark: number): undefined {
    this.#end('halted');
    this.#options.onHalt({ offset, lowWaterMark });
  }

  #end(why: 'halted' | 'stopped'): void {
    this.#ended ??= why;
    this.#stop.abort();
    this.#stopped.open();
    const given = [...this.#inFlight, ...this.#queue];
    this.#removeQueued(given);
    this.#inFlight = [];
    this.#queue = [];
    for (const { reject } of given) reject(new NotAppended(this.#ended));
  }
}

function settle(group: readonly Waiting[], seqs: readonly number[]): void {
  let at = 0;
  for (const { operations, resolve } of group) {
    resolve(seqs.slice(at, at + operations.length));
    at += operations.length;
  }
}

/** seq = offset x 1024 + place in the record; the records of one append have consecutive offsets. */
function seqsOf(records: readonly Uint8Array[], baseOffset: number): readonly number[] {
  return records.flatMap((record, index) =>
    Array.from({ length: countOperations(record) }, (_, place) => (baseOffset + index) * operationsPerRecord + place),
  );
}
