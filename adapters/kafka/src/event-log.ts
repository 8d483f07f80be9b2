import {
  checkRecord,
  contractError,
  deliverRuns,
  joinSubscriptions,
  retentionOf,
  type EventLog,
  type LogRecord,
  type LogRun,
  type NewRecord,
  type Redelivery,
  type StartPosition,
  type Subscribe,
  type Subscription,
} from '@medrex/contracts';
import type { KafkaConnection } from './cluster.ts';
import { FetchSession } from './fetch-session.ts';
import { PartitionBuffer } from './fetched-partition.ts';
import type { GroupTimes } from './group-member.ts';
import { GroupSubscription } from './group-subscription.ts';
import { machineClock } from './machine-clock.ts';
import type { KafkaObserver } from './observer.ts';
import { Requests, type Bounds } from './requests.ts';
import { StallWatchdog, type StalledReader } from './stall-watchdog.ts';
import { PartitionAppender } from './partition-appender.ts';

export interface KafkaEventLogOptions {
  readonly connection: KafkaConnection;
  /** Prefix of topic and group names, for clusters shared by several installations. */
  readonly prefix?: string;
  readonly observer?: KafkaObserver;
  readonly times?: GroupTimes;
  /** How long requests for offsets and the like are retried. */
  readonly requestWithinMs?: number;
  /** How long a partition may deliver nothing although it has new records, before its client is replaced. */
  readonly stallMs?: number;
  /** How long `close` tries to store pending appends. */
  readonly closeWithinMs?: number;
  readonly redelivery?: Redelivery;
}

const mebibyte = 1024 * 1024;

/** Limits of runs, as in the embedded log. */
const defaultBounds = { maxRecords: 1024, maxBytes: 4 * mebibyte };

/** Maximum size of a batch; topics are configured for one record of 8 MiB plus overhead. */
const batchBytesMax = 8 * mebibyte;

const defaultTimes: GroupTimes = { sessionMs: 6_000, rebalanceMs: 10_000 };

/**
 * The event log on Apache Kafka. Partitions that a subscription names are read without a group, so a take-over does not
 * wait for a rebalance. A topic without named partitions is shared by the members of its group. Offsets advance only by
 * what was read.
 */
export class KafkaEventLog implements EventLog {
  readonly #options: Required<Omit<KafkaEventLogOptions, 'redelivery'>> & Pick<KafkaEventLogOptions, 'redelivery'>;
  readonly #requests: Requests;
  readonly #watchdog: StallWatchdog;
  readonly #appenders = new Map<string, PartitionAppender>();
  /** Appends in progress, which `close` awaits. */
  readonly #appends = new Set<Promise<unknown>>();
  readonly #counts = new Map<string, Promise<number>>();
  readonly #subscriptions = new Set<Subscription>();
  /** Shared subscriptions by group and topic, which know what may still be committed. */
  readonly #shared = new Map<string, GroupSubscription>();
  #closed: Promise<void> | undefined;

  constructor(options: KafkaEventLogOptions) {
    this.#options = {
      prefix: '',
      times: defaultTimes,
      requestWithinMs: 15_000,
      stallMs: 30_000,
      closeWithinMs: 10_000,
      ...options,
      observer: inOwnNames(options.observer ?? {}, options.prefix ?? ''),
    };
    const { connection, requestWithinMs, stallMs, observer } = this.#options;
    this.#requests = new Requests(connection, machineClock, requestWithinMs);
    this.#watchdog = new StallWatchdog({ requests: this.#requests, stallMs, observer });
  }

  async append(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
  ): Promise<{ readonly baseOffset: number; readonly lastOffset: number }> {
    this.#assertOpen(topic);
    const isCompacted = retentionOf(topic).cleanup === 'compact';
    for (const record of records) checkRecord(`${topic}/${partition}`, record, isCompacted);
    const appended = this.#append(topic, partition, records);
    this.#appends.add(appended);
    try {
      return await appended;
    } finally {
      this.#appends.delete(appended);
    }
  }

  async subscribe(subscribe: Subscribe, onRun: (run: LogRun) => Promise<void>): Promise<Subscription> {
    const { topic, partitions, group } = subscribe;
    this.#assertOpen(topic);
    if (partitions !== undefined) return this.#keep(await this.#read(subscribe, partitions, onRun));
    if (subscribe.from.at !== 'committed') {
      const count = await this.#partitionCount(topic);
      return this.#keep(
        await this.#read(
          subscribe,
          Array.from({ length: count }, (_, number) => number),
          onRun,
        ),
      );
    }
    const { connection, observer, times } = this.#options;
    const shared = new GroupSubscription({
      connection,
      clock: machineClock,
      observer,
      times,
      onError: subscribe.onError,
      group: this.#storedGroup(group, topic),
      topic: this.#stored(topic),
      read: (numbers) => this.#read(subscribe, numbers, onRun),
    });
    const name = sharedName(group, topic);
    this.#shared.set(name, shared);
    try {
      await shared.start();
    } catch (error) {
      this.#shared.delete(name);
      throw error;
    }
    return this.#keep(shared, () => this.#shared.delete(name));
  }

  async commit(group: string, topic: string, partition: number, offset: number): Promise<void> {
    this.#assertOpen(topic);
    const by = this.#shared.get(sharedName(group, topic))?.committer(partition);
    await this.#requests.commit(this.#storedGroup(group, topic), this.#stored(topic), partition, offset, by);
  }

  async committed(group: string, topic: string, partition: number): Promise<number | undefined> {
    this.#assertOpen(topic);
    return (await this.#committed(group, topic, [partition])).get(partition);
  }

  async bounds(topic: string, partition: number): Promise<Bounds> {
    this.#assertOpen(topic);
    await this.#checkPartition(topic, partition);
    return (await this.#requests.bounds(this.#stored(topic), [partition])).get(partition) ?? { start: 0, end: 0 };
  }

  /** Reads the partition from its start to its present end, since the broker compacts at any time. */
  async latest(topic: string, partition: number): Promise<readonly LogRecord[]> {
    const { start, end } = await this.bounds(topic, partition);
    const newest = new Map<string, LogRecord>();
    for await (const { records } of this.#runs(topic, partition, start, end)) {
      for (const record of records) {
        if (record.offset >= end || record.key === undefined) continue;
        newest.delete(record.key);
        newest.set(record.key, record);
      }
    }
    return [...newest.values()];
  }

  async truncateBefore(topic: string, partition: number, offset: number): Promise<void> {
    const { start, end } = await this.bounds(topic, partition);
    if (retentionOf(topic).cleanup === 'compact' || offset <= start) return;
    await this.#requests.deleteBefore(this.#stored(topic), partition, Math.min(offset, end));
  }

  /** Number of partitions of a topic on the cluster. */
  partitionCount(topic: string): Promise<number> {
    return this.#partitionCount(topic);
  }

  /**
   * What has been stuck for longer than `stallMs`: readers without answers, retried appends, groups without an
   * assignment.
   */
  problems(): readonly string[] {
    const { prefix, stallMs } = this.#options;
    const seconds = (ms: number): number => Math.round(ms / 1000);
    const reading = byTopic(this.#watchdog.stalledReaders).map((line) => line.slice(prefix.length));
    const appending = [...this.#appenders].flatMap(([place, { tryingMs }]) =>
      tryingMs < stallMs ? [] : [`${place}: an append has been tried for ${seconds(tryingMs)} s`],
    );
    const joining = [...this.#shared].flatMap(([name, { unassignedMs }]) =>
      unassignedMs < stallMs
        ? []
        : [`${name.replace('\n', ' of ')}: no place in the group for ${seconds(unassignedMs)} s`],
    );
    return [...appending, ...joining, ...reading];
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    this.#watchdog.close();
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
    const appenders = [...this.#appenders.values()];
    const timer = setTimeout(() => appenders.forEach((one) => one.giveUp()), this.#options.closeWithinMs);
    await Promise.allSettled(this.#appends);
    clearTimeout(timer);
    await Promise.all([...this.#appenders.values()].map((appender) => appender.close()));
    this.#requests.close();
    this.#options.connection.http?.close();
  }

  // Every call waits for the same number of turns of the event loop, so that none overtakes another.
  async #append(topic: string, partition: number, records: readonly NewRecord[]) {
    await this.#checkPartition(topic, partition);
    if (records.length > 0) return this.#appender(topic, partition).append(records);
    const { end } = await this.bounds(topic, partition);
    return { baseOffset: end, lastOffset: end - 1 };
  }

  /** Reads the records of a partition between two offsets once. */
  async *#runs(topic: string, partition: number, start: number, end: number): AsyncGenerator<LogRun> {
    if (start >= end) return;
    const buffer = new PartitionBuffer(topic, partition, start);
    const session = this.#session(topic, [buffer], 0);
    const never = new AbortController().signal;
    try {
      while (buffer.fetchOffset < end || buffer.hasRecords) {
        const run = buffer.next(Infinity, Infinity);
        session.taken();
        if (run === undefined) await buffer.arrival(never);
        else yield run;
      }
    } finally {
      await session.close();
    }
  }

  async #read(
    subscribe: Subscribe,
    partitions: readonly number[],
    onRun: (run: LogRun) => Promise<void>,
  ): Promise<Subscription> {
    const { topic, onError, paceMs = 0 } = subscribe;
    const { maxRecords = defaultBounds.maxRecords, maxBytes = defaultBounds.maxBytes } = subscribe;
    const { redelivery } = this.#options;
    const starts = await this.#startOffsets(subscribe, partitions);
    const buffers = [...starts].map(([partition, offset]) => new PartitionBuffer(topic, partition, offset));
    const session = this.#session(topic, buffers, paceMs);
    const readers = buffers.map((buffer) =>
      deliverRuns({
        clock: machineClock,
        onRun,
        onError,
        redelivery,
        source: {
          next: () => {
            const run = buffer.next(maxRecords, maxBytes);
            if (run !== undefined) session.taken();
            return run;
          },
          arrival: (signal) => buffer.arrival(signal),
        },
      }),
    );
    const watched = buffers.map((buffer) => this.#watchdog.watch(this.#stored(topic), buffer, () => session.renew()));
    const joined = joinSubscriptions(readers);
    return {
      ...joined,
      close: async () => {
        for (const unwatch of watched) unwatch();
        await joined.close();
        await session.close();
      },
    };
  }

  async #startOffsets(
    { group, topic, from }: Subscribe,
    partitions: readonly number[],
  ): Promise<ReadonlyMap<number, number>> {
    for (const partition of partitions) await this.#checkPartition(topic, partition);
    const bounds = await this.#requests.bounds(this.#stored(topic), partitions);
    const committed =
      from.at === 'committed' ? await this.#committed(group, topic, partitions) : new Map<number, number>();
    const place = (partition: number): readonly [number, number] => [
      partition,
      startOffset(from, `${topic}/${partition}`, bounds.get(partition) as Bounds, committed.get(partition)),
    ];
    return new Map(partitions.map(place));
  }

  #session(topic: string, buffers: readonly PartitionBuffer[], paceMs: number): FetchSession {
    const { connection, observer } = this.#options;
    return new FetchSession({ connection, clock: machineClock, observer, topic: this.#stored(topic), buffers, paceMs });
  }

  #committed(group: string, topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return this.#requests.committed(this.#storedGroup(group, topic), this.#stored(topic), partitions);
  }

  /** One group per topic, because members that read different topics would get each other's partitions. */
  #storedGroup(group: string, topic: string): string {
    return `${this.#options.prefix}${group}.${topic}`;
  }

  /** The name of a topic on the cluster. */
  #stored(name: string): string {
    return this.#options.prefix + name;
  }

  #keep(subscription: Subscription, onClosed: () => void = () => undefined): Subscription {
    const kept: Subscription = {
      pause: () => subscription.pause(),
      resume: () => subscription.resume(),
      close: async () => {
        await subscription.close();
        this.#subscriptions.delete(kept);
        onClosed();
      },
    };
    this.#subscriptions.add(kept);
    return kept;
  }

  #appender(topic: string, partition: number): PartitionAppender {
    const name = `${topic}/${partition}`;
    const known = this.#appenders.get(name);
    if (known !== undefined) return known;
    const { connection, observer } = this.#options;
    const place = { connection, topic: this.#stored(topic), partition };
    const appender = new PartitionAppender({ ...place, clock: machineClock, observer, batchBytesMax });
    this.#appenders.set(name, appender);
    return appender;
  }

  async #checkPartition(topic: string, partition: number): Promise<void> {
    const count = await this.#partitionCount(topic);
    if (Number.isInteger(partition) && partition >= 0 && partition < count) return;
    throw contractError('PARTITION_UNKNOWN', `${topic}/${partition}: the topic has partitions 0 to ${count - 1}`);
  }

  #partitionCount(topic: string): Promise<number> {
    const known = this.#counts.get(topic);
    if (known !== undefined) return known;
    const asked = this.#requests.partitionCount(this.#stored(topic));
    this.#counts.set(topic, asked);
    asked.catch(() => this.#counts.delete(topic));
    return asked;
  }

  #assertOpen(topic: string): void {
    if (this.#closed !== undefined) throw contractError('LOG_CLOSED', `${topic}: the log is closed`);
  }
}

/** Reports topics by their names in the topic table, without a prefix. */
function inOwnNames(observer: KafkaObserver, prefix: string): KafkaObserver {
  const own = <F extends { readonly topic: string }>(callback: ((facts: F) => void) | undefined) =>
    callback && ((facts: F): void => callback({ ...facts, topic: facts.topic.slice(prefix.length) }));
  const { appendFailed, readFailed, assigned, stalled } = observer;
  const wrapped = { appendFailed: own(appendFailed), readFailed: own(readFailed), assigned: own(assigned) };
  return { ...observer, ...wrapped, stalled: own(stalled) };
}

/** One line for each topic and reason, since all partitions of an unavailable broker have the same one. */
function byTopic(readers: readonly StalledReader[]): readonly string[] {
  const groups = Map.groupBy(readers, ({ topic, reason }) => `${topic}\n${reason}`);
  return [...groups.values()].map((group) => {
    const { topic, reason } = group[0] as StalledReader;
    return `${topic}/${group.map(({ partition }) => partition).join(',')}: ${reason}`;
  });
}

const sharedName = (group: string, topic: string): string => `${group}\n${topic}`;

function startOffset(
  from: StartPosition,
  place: string,
  { start, end }: Bounds,
  committed: number | undefined,
): number {
  if (from.at === 'start') return start;
  if (from.at === 'end') return end;
  const offset = from.at === 'offset' ? from.offset : (committed ?? start);
  if (offset >= start && offset <= end) return offset;
  throw contractError('OFFSET_OUT_OF_RANGE', `${place}: offset ${offset} where ${start} to ${end} is kept`);
}
