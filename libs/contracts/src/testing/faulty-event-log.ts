import type { EventLog, LogRecord, LogRun, NewRecord, Subscribe, Subscription } from '../event-log.ts';
import { DisturbedDelivery, type DeliveryFaults } from './disturbed-delivery.ts';
import { seededRandom } from './seeded-random.ts';

/**
 * Where a process dies: at its n-th append (from 1) to a topic, before or after the log has stored it, but before the
 * caller knows.
 */
export interface Crash {
  readonly topic: string;
  readonly append: number;
  readonly when: 'before-append' | 'before-ack';
  /** Kills the process or, in a test of one process, records the crash: the append then rejects. */
  readonly kill: () => void;
}

export interface FaultyEventLogOptions {
  readonly seed: number;
  /** Faults of delivery by topic; other topics have none. */
  readonly deliveries?: Readonly<Record<string, DeliveryFaults>>;
  readonly crashes?: readonly Crash[];
}

/**
 * An event log with faults like those of networks, brokers and power failures, deterministic for a seed and sequence of
 * calls.
 */
export class FaultyEventLog implements EventLog {
  readonly #log: EventLog;
  readonly #options: FaultyEventLogOptions;
  readonly #random: () => number;
  readonly #appends = new Map<string, number>();

  constructor(log: EventLog, options: FaultyEventLogOptions) {
    this.#log = log;
    this.#options = options;
    this.#random = seededRandom(options.seed);
  }

  async append(
    topic: string,
    partition: number,
    records: readonly NewRecord[],
  ): Promise<{ readonly baseOffset: number; readonly lastOffset: number }> {
    const count = (this.#appends.get(topic) ?? 0) + 1;
    this.#appends.set(topic, count);
    this.#crash(topic, count, 'before-append');
    const appended = await this.#log.append(topic, partition, records);
    this.#crash(topic, count, 'before-ack');
    return appended;
  }

  async subscribe(subscribe: Subscribe, onRun: (run: LogRun) => Promise<void>): Promise<Subscription> {
    const faults = this.#options.deliveries?.[subscribe.topic];
    if (faults === undefined) return this.#log.subscribe(subscribe, onRun);
    const disturbed = new DisturbedDelivery(faults, this.#random, onRun);
    const inner = await this.#log.subscribe(subscribe, (run) => disturbed.deliver(run));
    return {
      pause: () => inner.pause(),
      resume: () => inner.resume(),
      close: async () => {
        await inner.close();
        await disturbed.close();
      },
    };
  }

  commit(group: string, topic: string, partition: number, offset: number): Promise<void> {
    return this.#log.commit(group, topic, partition, offset);
  }

  committed(group: string, topic: string, partition: number): Promise<number | undefined> {
    return this.#log.committed(group, topic, partition);
  }

  bounds(topic: string, partition: number): Promise<{ readonly start: number; readonly end: number }> {
    return this.#log.bounds(topic, partition);
  }

  latest(topic: string, partition: number): Promise<readonly LogRecord[]> {
    return this.#log.latest(topic, partition);
  }

  truncateBefore(topic: string, partition: number, offset: number): Promise<void> {
    return this.#log.truncateBefore(topic, partition, offset);
  }

  problems(): readonly string[] {
    return this.#log.problems();
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  #crash(topic: string, append: number, when: Crash['when']): void {
    const crash = this.#options.crashes?.find(
      (one) => one.topic === topic && one.append === append && one.when === when,
    );
    if (crash === undefined) return;
    crash.kill();
    throw new Error(`crashed ${when} of append ${append} to ${topic}`);
  }
}
