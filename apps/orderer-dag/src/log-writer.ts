import type { EventLog, NewRecord } from '@medrex/contracts';
import { backoffMs, type BackoffLimits } from './backoff.ts';
import type { Clock } from './clock.ts';

/** Options of a LogWriter. */
export interface LogWriterOptions {
  readonly log: EventLog;
  readonly topic: string;
  readonly partition: number;
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  /** Called when an append failed for the `failures`th time in a row; it will be retried. */
  readonly onFailure: (error: unknown, failures: number) => void;
}

interface Waiting {
  readonly record: NewRecord;
  readonly onDurable: () => void;
}

const recordsPerAppend = 64;
const bytesPerAppend = 4 * 1024 * 1024;

/**
 * Appends to one partition in the order of the calls, one append in flight at a time, retried until it is durable. Records written
 * meanwhile share the next append. Nothing is dropped; callers limit the queue by looking at `waiting`.
 */
export class LogWriter {
  readonly #options: LogWriterOptions;
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /** Number of records not yet durable. */
  get waiting(): number {
    return this.#queue.length;
  }

  /** Queues a record; `onDurable` is called once, in the order of the writes. */
  write(record: NewRecord, onDurable: () => void): void {
    if (this.#isClosed) return;
    this.#queue.push({ record, onDurable });
    this.#running ??= this.#run();
  }

  /** Resolves when everything written so far is durable, or the writer was closed. */
  async drained(): Promise<void> {
    await this.#running;
  }

  /** Drops records that are not yet durable; a successor produces them again. */
  close(): void {
    this.#isClosed = true;
    this.#queue = [];
  }

  async #run(): Promise<void> {
    // Wait for the end of the turn, so that its other records share the append.
    await Promise.resolve();
    while (this.#queue.length > 0) await this.#appendSome(this.#take());
    this.#running = undefined;
  }

  /** Number of records at the front of the queue that go into one append. */
  #take(): number {
    let bytes = 0;
    let count = 0;
    for (const { record } of this.#queue) {
      bytes += record.value.byteLength;
      if (count > 0 && (count === recordsPerAppend || bytes > bytesPerAppend)) break;
      count += 1;
    }
    return count;
  }

  async #appendSome(count: number): Promise<void> {
    const { log, topic, partition, clock, backoff, onFailure } = this.#options;
    const some = this.#queue.slice(0, count);
    for (let failures = 1; !this.#isClosed; failures++) {
      try {
        await log.append(
          topic,
          partition,
          some.map(({ record }) => record),
        );
        break;
      } catch (error) {
        onFailure(error, failures);
        await new Promise<void>((resolve) => void clock.after(backoffMs(failures, backoff), resolve));
      }
    }
    if (this.#isClosed) return;
    this.#queue.splice(0, count);
    for (const { onDurable } of some) onDurable();
  }
}
