import { operationsPerRecord, topics, type EventLog, type Progress } from '@medrex/contracts';
import { backoffMs, type BackoffLimits } from './backoff.ts';
import { pause, type Clock } from './clock.ts';
import { progressRecord } from './restart.ts';

/** What a ProgressWriter writes, where and how often. */
export interface ProgressWriterOptions {
  readonly log: EventLog;
  readonly partition: number;
  readonly instance: string;
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  /** At most one record in this time, ms. */
  readonly everyMs: number;
  /** What holds now; called when a record is made. */
  readonly snapshot: () => Progress;
  readonly onWritten: (progress: Progress) => void;
  readonly onFailure: (step: 'progress' | 'truncate', error: unknown, failures: number) => void;
}

/** Truncating asks the log for a scan of its segments, so it waits until this many records lie behind the mark. */
const recordsPerTruncation = 64;

/**
 * Keeps the newest progress of this generation in the log while something changes, and lets the log delete the operations
 * behind a low-water mark once that mark is durable: a successor starts at it.
 */
export class ProgressWriter {
  readonly #options: ProgressWriterOptions;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #truncatedTo = 0;
  #isStopped = false;

  constructor(options: ProgressWriterOptions) {
    this.#options = options;
  }

  /** Something that a successor would want to know has changed. */
  changed(): void {
    this.#isDirty = true;
    if (!this.#isStopped) this.#running ??= this.#run();
  }

  /** Writes what holds now, once, and stops. @throws what the append throws */
  async finish(): Promise<void> {
    this.#isStopped = true;
    await this.#writing?.catch(() => undefined); // it was reported where it was started
    if (this.#isDirty) await this.#write();
  }

  /** Stops without writing. */
  stop(): void {
    this.#isStopped = true;
  }

  async #run(): Promise<void> {
    const { clock, everyMs, backoff, onFailure } = this.#options;
    for (let failures = 0; this.#isDirty && !this.#isStopped;) {
      try {
        await (this.#writing = this.#write());
        failures = 0;
      } catch (error) {
        this.#isDirty = true;
        onFailure('progress', error, ++failures);
      }
      await pause(clock, failures > 0 ? backoffMs(failures, backoff) : everyMs);
    }
    this.#running = undefined;
  }

  async #write(): Promise<void> {
    const { log, partition, instance, snapshot, onWritten } = this.#options;
    this.#isDirty = false;
    const progress = snapshot();
    await log.append(topics.progress, partition, [progressRecord(progress, instance)]);
    onWritten(progress);
    await this.#truncate(Math.floor(progress.lowWaterMark / operationsPerRecord));
  }

  async #truncate(offset: number): Promise<void> {
    const { log, partition, onFailure } = this.#options;
    if (offset < this.#truncatedTo + recordsPerTruncation) return;
    try {
      await log.truncateBefore(topics.operations, partition, offset);
      this.#truncatedTo = offset;
    } catch (error) {
      onFailure('truncate', error, 1); // the log only grows meanwhile; the next mark tries again
    }
  }
}
