import { operationsPerRecord, topics, type EventLog, type Progress } from '@medrex/contracts';
import { backoffMs, type BackoffLimits } from './backoff.ts';
import { pause, type Clock } from './clock.ts';
import { progressRecord } from './restart.ts';

/** What a ProgressWriter writes, where and how often. */
export interface ProgressWriterOptions {
  readonly log: EventLog;
  readonly partition: number;
  /** Offset of the claim under which this instance drives the channel. */
  readonly claimOffset: number;
  readonly clock: Clock;
  readonly backoff: BackoffLimits;
  /** At most one record in this time, ms. */
  readonly everyMs: number;
  /** A record at least this often, also when nothing changes, ms: whoever waits in reserve listens for it. Never when absent. */
  readonly heartbeatMs?: number;
  /** What holds now; called when a record is made. */
  readonly snapshot: () => Progress;
  /** A record is durable that was made at `madeMs`. What it throws counts as a failure to write. */
  readonly onWritten: (progress: Progress, madeMs: number) => void | Promise<void>;
  readonly onFailure: (step: 'progress' | 'truncate', error: unknown, failures: number) => void;
}

/** Truncating asks the log for a scan of its segments, so it waits until this many records lie behind the mark. */
const recordsPerTruncation = 64;

/** How long what lies behind the mark is left to standbys, which read it a little later than the leader, ms. */
const leaveToStandbysMs = 10_000;

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
  #left: { readonly offset: number; readonly sinceMs: number } | undefined;
  #isStopped = false;
  #cancelBeat: (() => void) | undefined;

  constructor(options: ProgressWriterOptions) {
    this.#options = options;
    this.#beatLater();
  }

  /** Something that a successor would want to know has changed. */
  changed(): void {
    this.#isDirty = true;
    if (!this.#isStopped) this.#running ??= this.#run();
  }

  /** Writes what holds now, once, as the last word of this generation, and stops. @throws what the append throws */
  async handOver(): Promise<void> {
    this.stop();
    await this.#writing?.catch(() => undefined); // it was reported where it was started
    await this.#write({ handedOver: true });
  }

  /** Stops without writing. */
  stop(): void {
    this.#isStopped = true;
    this.#cancelBeat?.();
  }

  #beatLater(): void {
    const { clock, heartbeatMs } = this.#options;
    if (heartbeatMs === undefined) return;
    this.#cancelBeat = clock.after(heartbeatMs, () => {
      this.#beatLater();
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
    const before = this.#mayGo(offset);
    if (before < this.#truncatedTo + recordsPerTruncation) return;
    try {
      await log.truncateBefore(topics.operations, partition, before);
      this.#truncatedTo = before;
    } catch (error) {
      onFailure('truncate', error, 1); // the log only grows meanwhile; the next mark tries again
    }
  }

  /** Up to where no standby can want anything any more, now that the mark is at `offset`. */
  #mayGo(offset: number): number {
    const { clock, heartbeatMs } = this.#options;
    if (heartbeatMs === undefined) return offset;
    const nowMs = clock.now();
    const left = (this.#left ??= { offset, sinceMs: nowMs });
    if (nowMs - left.sinceMs < leaveToStandbysMs) return this.#truncatedTo;
    this.#left = { offset, sinceMs: nowMs };
    return left.offset;
  }
}
