import type { EventLog, LogRecord, LogRun, Subscribe, Subscription } from '@medrex/contracts';
import { isCodedError } from '@medrex/coded-error';
import { newGate } from './gate.ts';

/** Index entry of one dead letter. */
export interface IndexedLetter {
  readonly id: string;
  /** When its first copy was appended, epoch ms. */
  readonly settledAtMs: number;
  /** Offset of its newest copy. */
  readonly offset: number;
}

export interface LetterIndexOptions<L extends IndexedLetter> {
  readonly log: Pick<EventLog, 'subscribe' | 'bounds'>;
  readonly topic: string;
  readonly partition: number;
  /** Prefix of the names of the consumer groups. */
  readonly group: string;
  readonly onError: (error: unknown) => void;
  /** Decodes a record of the topic. */
  readonly letterOf: (record: LogRecord) => L;
  /** Maximum number of indexed letters, oldest dropped first; about 0.3 kB each. */
  readonly lettersMax?: number;
  /** How long a query waits until the index has reached the end of the log, in ms. */
  readonly catchUpMs?: number;
}

/**
 * The dead letters of one topic: an index in memory, built by reading the topic from its start; the records are read from the log on
 * demand. Of several letters with one id the newest counts.
 */
export class LetterIndex<L extends IndexedLetter> {
  readonly #options: Required<LetterIndexOptions<L>>;
  readonly #letters = new Map<string, L>();
  readonly #waiting = new Set<() => void>();
  #readTo = 0;
  #reads = 0;
  #subscription: Subscription | undefined;

  constructor(options: LetterIndexOptions<L>) {
    this.#options = { lettersMax: 100_000, catchUpMs: 5_000, ...options };
  }

  get size(): number {
    return this.#letters.size;
  }

  async start(): Promise<void> {
    const { log, topic, partition, group, onError } = this.#options;
    this.#readTo = (await log.bounds(topic, partition)).start;
    const place = { topic, partitions: [partition], from: { at: 'start' } } as const;
    this.#subscription = await log.subscribe({ group: `${group}-letters`, ...place, onError }, async (run) =>
      this.#take(run),
    );
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  /** The indexed letters in log order; complete after `catchUp`. */
  values(): Iterable<L> {
    return this.#letters.values();
  }

  get(id: string): L | undefined {
    return this.#letters.get(id);
  }

  /** Waits, for a limited time, until the index has reached the end of the log, and drops letters that the log has deleted. */
  async catchUp(): Promise<void> {
    const { log, topic, partition, catchUpMs } = this.#options;
    const { start, end } = await log.bounds(topic, partition);
    if (this.#readTo < end) await this.#reached(end, catchUpMs);
    for (const { id, offset } of this.#letters.values()) if (offset < start) this.#letters.delete(id);
  }

  /** Reads the record of a letter from the log; undefined when it has just been deleted. */
  async read({ offset }: IndexedLetter): Promise<LogRecord | undefined> {
    const { log, topic, partition, group, onError, catchUpMs } = this.#options;
    const { opened, open } = newGate();
    let record: LogRecord | undefined;
    this.#reads += 1;
    const subscribe: Subscribe = {
      group: `${group}-letter-${this.#reads}`,
      topic,
      partitions: [partition],
      from: { at: 'offset', offset },
      maxRecords: 1,
      onError,
    };
    try {
      const subscription = await log.subscribe(subscribe, async (run) => {
        record ??= run.records[0];
        open();
      });
      const timer = setTimeout(open, catchUpMs);
      await opened;
      clearTimeout(timer);
      await subscription.close();
    } catch (error) {
      if (!isCodedError(error, 'OFFSET_OUT_OF_RANGE')) throw error;
    }
    return record?.offset === offset ? record : undefined;
  }

  #take(run: LogRun): void {
    for (const record of run.records) this.#add(this.#options.letterOf(record));
    this.#readTo = (run.records.at(-1)?.offset ?? 0) + 1;
    for (const wake of this.#waiting) wake();
  }

  #add(letter: L): void {
    const first = this.#letters.get(letter.id);
    this.#letters.set(letter.id, { ...letter, settledAtMs: first?.settledAtMs ?? letter.settledAtMs });
    const [oldest] = this.#letters.keys();
    if (this.#letters.size > this.#options.lettersMax && oldest !== undefined) this.#letters.delete(oldest);
  }

  async #reached(end: number, limitMs: number): Promise<void> {
    const { opened, open } = newGate();
    const wake = (): void => {
      if (this.#readTo >= end) open();
    };
    this.#waiting.add(wake);
    const timer = setTimeout(open, limitMs);
    await opened;
    clearTimeout(timer);
    this.#waiting.delete(wake);
  }
}
