import {
  decodeDeadLetter,
  topics,
  type DeadLetter,
  type EventLog,
  type LogRecord,
  type LogRun,
  type OperationClass,
  type Subscribe,
  type Subscription,
} from '@medrex/contracts';
import { isCodedError } from '@medrex/coded-error';
import { newGate } from './gate.ts';

/** What is told of a dead letter: never its body. */
export interface KeptLetter {
  readonly opId: string;
  /** Code of the outcome. */
  readonly reason: string;
  readonly class: OperationClass;
  /** Bytes of the operation, sealed bodies included. */
  readonly bytes: number;
  /** How many keys it declared. */
  readonly keys: number;
  readonly settledAtMs: number;
  /** Where its newest copy stands. */
  readonly offset: number;
}

export interface DeadLettersOptions {
  readonly log: Pick<EventLog, 'subscribe' | 'bounds'>;
  readonly partition: number;
  /** Begins the names of the reading groups. */
  readonly group: string;
  readonly onError: (error: unknown) => void;
  /** Letters listed at most, the oldest forgotten first; about 0.3 kB each. */
  readonly lettersMax?: number;
  /** How long an answer waits for what the log holds and this process has not read yet, ms. */
  readonly catchUpMs?: number;
}

/**
 * The dead letters of a channel: an index in memory, made by reading the topic from its start, and the letters themselves
 * read from the log when one is asked for. A letter is durable before its outcome, so with the index read up to the end of
 * the log whoever knows of a dead operation finds it.
 */
export class DeadLetters {
  readonly #options: Required<DeadLettersOptions>;
  readonly #letters = new Map<string, KeptLetter>();
  readonly #waiting = new Set<() => void>();
  #readTo = 0;
  #reads = 0;
  #subscription: Subscription | undefined;

  constructor(options: DeadLettersOptions) {
    this.#options = { lettersMax: 100_000, catchUpMs: 5_000, ...options };
  }

  get size(): number {
    return this.#letters.size;
  }

  async start(): Promise<void> {
    const { log, partition, group, onError } = this.#options;
    this.#readTo = (await log.bounds(topics.deadLetters, partition)).start;
    const place = { topic: topics.deadLetters, partitions: [partition], from: { at: 'start' } } as const;
    this.#subscription = await log.subscribe({ group: `${group}-dead-letters`, ...place, onError }, async (run) =>
      this.#take(run),
    );
  }

  async close(): Promise<void> {
    await this.#subscription?.close();
  }

  /** The newest first. @param olderThan only those that stand behind this one in that list; undefined when it is not kept. */
  async newest(limit: number, olderThan?: string): Promise<readonly KeptLetter[] | undefined> {
    await this.#catchUp();
    const letters = [...this.#letters.values()];
    const end = olderThan === undefined ? letters.length : letters.findIndex(({ opId }) => opId === olderThan);
    return end < 0 ? undefined : letters.slice(Math.max(0, end - limit), end).reverse();
  }

  async find(opId: string): Promise<KeptLetter | undefined> {
    await this.#catchUp();
    return this.#letters.get(opId);
  }

  /** The letter itself, read from the log; undefined when it was deleted just now. */
  async open({ offset }: KeptLetter): Promise<DeadLetter | undefined> {
    const record = await this.#read(offset);
    return record?.offset === offset ? decodeDeadLetter(record) : undefined;
  }

  #take(run: LogRun): void {
    for (const record of run.records) this.#note(record);
    this.#readTo = (run.records.at(-1)?.offset ?? 0) + 1;
    for (const wake of this.#waiting) wake();
  }

  #note(record: LogRecord): void {
    const { operation, operationBytes, routing, reason, atMs } = decodeDeadLetter(record);
    const { opId, keys } = operation;
    const first = this.#letters.get(opId);
    this.#letters.set(opId, {
      ...{ opId, reason, class: routing.class, bytes: operationBytes.length, keys: keys.length },
      ...{ settledAtMs: first?.settledAtMs ?? atMs, offset: record.offset },
    });
    const [oldest] = this.#letters.keys();
    if (this.#letters.size > this.#options.lettersMax && oldest !== undefined) this.#letters.delete(oldest);
  }

  /** Reads up to the end of the log, for a limited time, and forgets what the log has deleted. */
  async #catchUp(): Promise<void> {
    const { log, partition, catchUpMs } = this.#options;
    const { start, end } = await log.bounds(topics.deadLetters, partition);
    if (this.#readTo < end) await this.#reached(end, catchUpMs);
    for (const { opId, offset } of this.#letters.values()) if (offset < start) this.#letters.delete(opId);
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

  async #read(offset: number): Promise<LogRecord | undefined> {
    const { log, partition, group, onError, catchUpMs } = this.#options;
    const { opened, open } = newGate();
    let record: LogRecord | undefined;
    this.#reads += 1;
    const subscribe: Subscribe = {
      group: `${group}-dead-letter-${this.#reads}`,
      topic: topics.deadLetters,
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
    return record;
  }
}
