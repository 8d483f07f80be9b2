import { readdirSync, realpathSync } from 'node:fs';
import { dirname } from 'node:path';
import {
  checkRecord,
  contractError,
  deliverRuns,
  joinSubscriptions,
  type EventLog,
  type LogRecord,
  type LogRun,
  type NewRecord,
  type Redelivery,
  type RunSource,
  type StartPosition,
  type Subscribe,
  type Subscription,
} from '@medrex/contracts';
import { makeFolder } from '../folders/make-folder.ts';
import { unpackChunk } from './chunk.ts';
import { readCommitted, type Commit } from './committed-offsets.ts';
import { eventLogError } from './errors.ts';
import { machineClock } from './machine-clock.ts';
import { clearTextRoot, offsetsFile, partitionFiles, type PartitionFiles } from './partition-files.ts';
import { PartitionReader } from './partition-reader.ts';
import type { SegmentLimits } from './partition-writer.ts';
import { ifThere, segmentBases } from './segment-files.ts';
import { openSegment } from './segment.ts';
import { WakeUps } from './wake-ups.ts';
import { WriterClient } from './writer-client.ts';

export interface EmbeddedEventLogOptions {
  /** Folder of the log, e.g. `<data>/log`; created if it does not exist. */
  readonly root: string;
  /** Partitions of a topic; 1 when absent. All processes on one folder must agree. */
  readonly partitions?: (topic: string) => number;
  readonly segment?: Partial<SegmentLimits>;
  /** Maximum of bytes waiting for the disk; an append beyond it is refused. */
  readonly backlogBytesMax?: number;
  /** Interval between searches for expired segments. */
  readonly sweepMs?: number;
  readonly redelivery?: Redelivery;
}

const mebibyte = 1024 * 1024;
const hourMs = 60 * 60 * 1000;

/** Large enough that there are few files, small enough that records below the low-water mark are deleted soon. */
const defaultSegment: SegmentLimits = { bytes: 64 * mebibyte, ms: hourMs };

/**
 * The next run is read only after the current one, so a run is large enough to make reading cheap and small enough to
 * be processed soon.
 */
const defaultBounds = { maxRecords: 1024, maxBytes: 4 * mebibyte };

/**
 * Delays between polls of a partition without new records: what another process wrote is seen within 5 ms, or 25 ms
 * after a pause.
 */
const pollMs = [5, 10, 15, 20, 25] as const;

/**
 * The event log on one machine: SQLite files, a folder per topic and partition, a file per segment. A partition is
 * written by one thread of one process, as a lock ensures; any number may read it, in this process and others. `append`
 * resolves after an fsync. A subscription reads all partitions that it names: groups are not balanced over several
 * subscribers.
 */
export class EmbeddedEventLog implements EventLog {
  readonly #root: string;
  readonly #partitions: (topic: string) => number;
  readonly #backlogBytesMax: number;
  readonly #redelivery: Redelivery | undefined;
  readonly #writer: WriterClient;
  readonly #wakeUps: WakeUps;
  readonly #subscriptions = new Set<Subscription>();
  /** Partitions in use, by name. */
  readonly #files = new Map<string, PartitionFiles>();
  readonly #sweeping: NodeJS.Timeout;
  #backlogBytes = 0;
  #closed: Promise<void> | undefined;

  constructor(options: EmbeddedEventLogOptions) {
    makeFolder(options.root);
    // An existing folder keeps the permissions that the hospital set.
    makeFolder(clearTextRoot(options.root), { mode: 0o700 });
    this.#root = realpathSync(options.root); // processes and threads may have different paths of the folder
    this.#partitions = options.partitions ?? (() => 1);
    this.#backlogBytesMax = options.backlogBytesMax ?? 256 * mebibyte;
    this.#redelivery = options.redelivery;
    const wakeUpChannel = `medrex-event-log:${this.#root}`;
    this.#writer = new WriterClient({ wakeUpChannel, limits: { ...defaultSegment, ...options.segment } });
    this.#wakeUps = new WakeUps(wakeUpChannel);
    this.#sweeping = setInterval(() => this.#sweep(), options.sweepMs ?? 60_000).unref();
  }

  async append(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
  ): Promise<{ readonly baseOffset: number; readonly lastOffset: number }> {
    const files = this.#open(topic, partition);
    const isCompacted = files.retention.cleanup === 'compact';
    const bytes = records.reduce((sum, record) => sum + checkRecord(files.name, record, isCompacted), 0);
    if (this.#backlogBytes > 0 && this.#backlogBytes + bytes > this.#backlogBytesMax) {
      throw eventLogError('LOG_BACKLOG', `${files.name}: ${this.#backlogBytes} bytes are waiting to be written`);
    }
    this.#backlogBytes += bytes;
    try {
      return await this.#writer.append(files, records);
    } finally {
      this.#backlogBytes -= bytes;
    }
  }

  async subscribe(subscribe: Subscribe, onRun: (run: LogRun) => Promise<void>): Promise<Subscription> {
    const { topic, onError } = subscribe;
    const numbers = subscribe.partitions ?? Array.from({ length: this.#partitions(topic) }, (_, number) => number);
    const sources = numbers.map((partition) => this.#source(subscribe, partition));
    const delivery = { clock: machineClock, onRun, onError, redelivery: this.#redelivery };
    const joined = joinSubscriptions(sources.map((source) => deliverRuns({ ...delivery, source })));
    const subscription: Subscription = {
      ...joined,
      close: async () => {
        await joined.close();
        this.#subscriptions.delete(subscription);
      },
    };
    this.#subscriptions.add(subscription);
    return subscription;
  }

  async commit(group: string, topic: string, partition: number, offset: number): Promise<void> {
    this.#open(topic, partition);
    await this.#writer.ask({ kind: 'commit', file: offsetsFile(this.#root, group), topic, partition, offset });
  }

  async committed(group: string, topic: string, partition: number): Promise<number | undefined> {
    this.#open(topic, partition);
    return readCommitted({ file: offsetsFile(this.#root, group), topic, partition });
  }

  async bounds(topic: string, partition: number): Promise<{ readonly start: number; readonly end: number }> {
    return boundsOf(this.#open(topic, partition));
  }

  async latest(topic: string, partition: number): Promise<readonly LogRecord[]> {
    const segment = openNewest(this.#open(topic, partition).folder);
    const rows = segment?.keyed() ?? [];
    segment?.close();
    return rows.flatMap(({ base, at, bytes }) =>
      unpackChunk(bytes, { topic, partition, baseOffset: base, timestampMs: at }),
    );
  }

  async truncateBefore(topic: string, partition: number, offset: number): Promise<void> {
    await this.#writer.ask({ kind: 'truncate', files: this.#open(topic, partition), offset });
  }

  /** Numbers of the partitions of a topic that exist on disk, ascending, whatever the configured count. */
  storedPartitions(topic: string): readonly number[] {
    const names = ifThere(() => readdirSync(dirname(partitionFiles(this.#root, topic, 0).folder))) ?? [];
    return names.flatMap((name) => (/^\d+$/.test(name) ? [Number(name)] : [])).sort((one, other) => one - other);
  }

  /** None: there is no connection that could stall, and an append that waits for the disk waits in its caller. */
  problems(): readonly string[] {
    return [];
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    clearInterval(this.#sweeping);
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    await this.#writer.close();
    this.#wakeUps.close();
  }

  /** The files of a partition. @throws CodedError LOG_CLOSED, PARTITION_UNKNOWN */
  #open(topic: string, partition: number): PartitionFiles {
    const files = this.#files.get(`${topic}/${partition}`) ?? this.#find(topic, partition);
    if (this.#closed !== undefined) throw contractError('LOG_CLOSED', `${files.name}: the log is closed`);
    return files;
  }

  #find(topic: string, partition: number): PartitionFiles {
    const count = this.#partitions(topic);
    if (!Number.isInteger(partition) || partition < 0 || partition >= count) {
      throw contractError('PARTITION_UNKNOWN', `${topic}/${partition}: the topic has partitions 0 to ${count - 1}`);
    }
    const files = partitionFiles(this.#root, topic, partition);
    this.#files.set(files.name, files);
    return files;
  }

  #source({ group, topic, from, maxRecords, maxBytes }: Subscribe, partition: number): RunSource {
    const files = this.#open(topic, partition);
    const committed = { file: offsetsFile(this.#root, group), topic, partition };
    const position = startOffset(from, files, committed);
    const reader = new PartitionReader(files.folder, topic, partition, position);
    const bounds = {
      maxRecords: maxRecords ?? defaultBounds.maxRecords,
      maxBytes: maxBytes ?? defaultBounds.maxBytes,
    };
    let polls = 0;
    return {
      next: () => {
        const run = reader.next(bounds);
        if (run !== undefined) polls = 0;
        return run;
      },
      arrival: (signal) =>
        this.#wakeUps.arrival(files.name, pollMs[Math.min(polls++, pollMs.length - 1)] ?? 25, signal),
      close: () => reader.close(),
    };
  }

  // A failed sweep is retried at the next one and does not affect the log.
  #sweep(): void {
    for (const files of this.#files.values()) {
      if (files.retention.cleanup === 'age') this.#writer.ask({ kind: 'sweep', files }).catch(() => undefined);
    }
  }
}

function startOffset(from: StartPosition, files: PartitionFiles, committed: Omit<Commit, 'offset'>): number {
  const { start, end } = boundsOf(files);
  if (from.at === 'start') return start;
  if (from.at === 'end') return end;
  const offset = from.at === 'offset' ? from.offset : (readCommitted(committed) ?? start);
  if (offset >= start && offset <= end) return offset;
  throw contractError('OFFSET_OUT_OF_RANGE', `${files.name}: offset ${offset} where ${start} to ${end} is kept`);
}

function boundsOf({ folder }: PartitionFiles): { readonly start: number; readonly end: number } {
  const start = segmentBases(folder)[0] ?? 0;
  const newest = openNewest(folder);
  const end = newest?.end() ?? 0;
  newest?.close();
  return { start, end };
}

function openNewest(folder: string): ReturnType<typeof openSegment> {
  const base = segmentBases(folder).at(-1);
  if (base === undefined) return undefined;
  return openSegment(folder, base) ?? openNewest(folder); // it was just deleted, so there is a newer one
}
