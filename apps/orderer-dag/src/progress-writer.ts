import { operationsPerRecord, topics, type EventLog, type Progress } from '@medrex/contracts';
import { backoffMs, type BackoffLimits } from './backoff.ts';
import { pause, type Clock } from './clock.ts';
import { progressRecord } from './restart.ts';

/** Options of a ProgressWriter. */
export interface ProgressWriterOptions {
  readonly log: EventLog;
  readonly partition: number;
  /** Offset of the claim under which this instance leads the channel. */
  readonly claimOffset: number;
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  /** Minimum time between two records, in ms. */
  readonly everyMs: number;
  /** Maximum time between two records, in ms, also without changes, for standbys. No heartbeat when absent. */
  readonly heartbeatMs?: number;
  /** The current progress; called when a record is written. */
  readonly snapshot: () => Progress;
  /** Called when a record created at `madeMs` is durable. An exception counts as a failed write. */
  readonly onWritten: (progress: Progress, madeMs: number) => void | Promise<void>;
  readonly onFailure: (step: 'progress' | 'truncate', error: unknown, failures: number) => void;
}

/** Truncating scans the segments of the log, so it waits until this many records are below the mark. */
const recordsPerTruncation = 64;

/** How long records below the mark are kept for standbys, which read a little later than the leader, in ms. */
const keepForStandbysMs = 10_000;

/**
 * Writes the progress of this generation to the log when it changes, and truncates the operations below a low-water mark once that
 * mark is durable, as a successor starts there.
 */
export class ProgressWriter {
  readonly #options: ProgressWriterOptions;
  #isDirty = false;
  #running: Promise<void> | undefined;
  #writing: Promise<void> | undefined;
  #truncatedTo = 0;
  #left: { readonly offset: number; readonly sinceMs: number } | undefined;
  #isStopped = false;
  #cancelHeartbeat: (() => void) | undefined;

  constructor(options: ProgressWriterOptions) {
    this.#options = options;
    this.#scheduleHeartbeat();
  }

  /** Notes a change of progress. */
  changed(): void {
    this.#isDirty = true;
    if (!this.#isStopped) this.#running ??= this.#run();
  }

  /** Writes the final progress of this generation and stops. @throws errors of the append */
  async handOver(): Promise<void> {
    this.stop();
    await this.#writing?.catch(() => undefined); // its error is reported by its own caller
    await this.#write({ handedOver: true });
  }

  /** Stops without writing. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelHeartbeat?.();
  }

  #scheduleHeartbeat(): void {
    const { clock, heartbeatMs } = this.#options;
    if (heartbeatMs === undefined) return;
    this.#cancelHeartbeat = clock.after(heartbeatMs, () => {
      this.#scheduleHeartbeat();
      this.changed();
    });
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

  async #write(last: Pick<Progress, 'handedOver'> = {}): Promise<void> {
    const { log, partition, claimOffset, clock, snapshot, onWritten } = this.#options;
    this.#isDirty = false;
    const madeMs = clock.now();
    const progress = { ...snapshot(), ...last };
    await log.append(topics.progress, partition, [progressRecord(progress, claimOffset)]);
    await onWritten(progress, madeMs);
    await this.#truncate(Math.floor(progress.lowWaterMark / operationsPerRecord));
  }

  async #truncate(offset: number): Promise<void> {
    const { log, partition, onFailure } = this.#options;
    const before = this.#truncatableOffset(offset);
    if (before < this.#truncatedTo + recordsPerTruncation) return;
    try {
      await log.truncateBefore(topics.operations, partition, before);
      this.#truncatedTo = before;
    } catch (error) {
      onFailure('truncate', error, 1); // the log only grows meanwhile; the next mark retries
    }
  }

  /** The offset below which no standby reads any more, given the mark at `offset`. */
  #truncatableOffset(offset: number): number {
    const { clock, heartbeatMs } = this.#options;
    if (heartbeatMs === undefined) return offset;
    const nowMs = clock.now();
    const left = (this.#left ??= { offset, sinceMs: nowMs });
    if (nowMs - left.sinceMs < keepForStandbysMs) return this.#truncatedTo;
    this.#left = { offset, sinceMs: nowMs };
    return left.offset;
  }
}
