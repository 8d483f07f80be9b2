import { deliverRuns, joinSubscriptions, type Clock, type Redelivery, type RunSource } from '../deliver-runs.ts';
import { contractError } from '../errors.ts';
import type { EventLog, LogRecord, LogRun, NewRecord, StartPosition, Subscribe, Subscription } from '../event-log.ts';
import type { InMemoryPartition } from './partition.ts';
import { InMemoryTopics } from './topics.ts';

export interface InMemoryEventLogOptions {
  readonly clock: Clock;
  /** The stored topics; several logs on the same topics are like several clients of one broker. */
  readonly topics?: InMemoryTopics;
  readonly redelivery?: Redelivery;
}

/** The event log in memory, with the rules of the durable ones. Bounded by its topics' `bytesMax`. */
export class InMemoryEventLog implements EventLog {
  readonly #clock: Clock;
  readonly #topics: InMemoryTopics;
  readonly #redelivery: Redelivery | undefined;
  readonly #subscriptions = new Set<Subscription>();
  #isClosed = false;

  constructor({ clock, topics = new InMemoryTopics(), redelivery }: InMemoryEventLogOptions) {
    this.#clock = clock;
    this.#topics = topics;
    this.#redelivery = redelivery;
  }

  async append(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
  ): Promise<{ readonly baseOffset: number; readonly lastOffset: number }> {
    const baseOffset = this.#open(topic, partition).append(records, this.#clock.nowMs());
    return { baseOffset, lastOffset: baseOffset + records.length - 1 };
  }

  async subscribe(subscribe: Subscribe, onRun: (run: LogRun) => Promise<void>): Promise<Subscription> {
    const numbers = subscribe.partitions ?? this.#topics.partitionsOf(subscribe.topic);
    const sources = numbers.map((number) => this.#source(subscribe, number));
    const { onError } = subscribe;
    const delivery = { clock: this.#clock, onRun, onError, redelivery: this.#redelivery };
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
    this.#topics.commit(group, topic, partition, offset);
  }

  async committed(group: string, topic: string, partition: number): Promise<number | undefined> {
    this.#open(topic, partition);
    return this.#topics.committed(group, topic, partition);
  }

  async bounds(topic: string, partition: number): Promise<{ readonly start: number; readonly end: number }> {
    const { start, end } = this.#open(topic, partition);
    return { start, end };
  }

  async latest(topic: string, partition: number): Promise<readonly LogRecord[]> {
    return this.#open(topic, partition).latest();
  }

  async truncateBefore(topic: string, partition: number, offset: number): Promise<void> {
    this.#open(topic, partition).truncateBefore(offset);
  }

  problems(): readonly string[] {
    return [];
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#subscriptions].map((subscription) => subscription.close()));
  }

  #open(topic: string, partition: number): InMemoryPartition {
    if (this.#isClosed) throw contractError('LOG_CLOSED', `${topic}/${partition}: the log is closed`);
    return this.#topics.partition(topic, partition);
  }

  #source({ group, topic, from, maxRecords = Infinity, maxBytes = Infinity }: Subscribe, number: number): RunSource {
    const partition = this.#open(topic, number);
    let position = startOffset(from, partition, this.#topics.committed(group, topic, number));
    partition.checkOffset(position);
    return {
      next: () => {
        const records = partition.read(position, maxRecords, maxBytes);
        const last = records.at(-1);
        if (last === undefined) return undefined;
        position = last.offset + 1;
        return { topic, partition: number, records, endOffset: partition.end };
      },
      arrival: (signal) => (position < partition.end ? Promise.resolve() : partition.arrival(signal)),
    };
  }
}

function startOffset(from: StartPosition, partition: InMemoryPartition, committed: number | undefined): number {
  switch (from.at) {
    case 'committed':
      return committed ?? partition.start;
    case 'start':
      return partition.start;
    case 'end':
      return partition.end;
    case 'offset':
      return from.offset;
  }
}
