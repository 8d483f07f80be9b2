import type { EventLog, LogRecord } from '@medrex/contracts';
import { eventually } from './eventually.ts';

/** Keeps all records of a topic's first partition by reading along, since the services truncate it. */
export class KeptTopic {
  readonly #log: EventLog;
  readonly #topic: string;
  readonly #records: LogRecord[] = [];
  #failure: unknown;

  private constructor(log: EventLog, topic: string) {
    this.#log = log;
    this.#topic = topic;
  }

  /** Starts reading, until the log is closed. */
  static async of(log: EventLog, topic: string): Promise<KeptTopic> {
    const kept = new KeptTopic(log, topic);
    const onError = (error: unknown): void => {
      kept.#failure = error;
    };
    const all = { group: 'kept', topic, partitions: [0], from: { at: 'start' }, onError } as const;
    await log.subscribe(all, (run) => {
      kept.#records.push(...run.records);
      return Promise.resolve();
    });
    return kept;
  }

  /** All records appended so far. @throws when some were deleted before they were read */
  async all(): Promise<readonly LogRecord[]> {
    const { end } = await this.#log.bounds(this.#topic, 0);
    await eventually(`${this.#topic} is read to ${end}`, () => {
      if (this.#next < end) throw new Error(`read to ${this.#next}`, { cause: this.#failure });
      return true;
    });
    const gap = this.#records.findIndex(({ offset }, index) => offset !== index);
    if (gap >= 0) throw new Error(`${this.#topic}: ${gap} was deleted before it was read`);
    return this.#records;
  }

  get #next(): number {
    return (this.#records.at(-1)?.offset ?? -1) + 1;
  }
}
