import { contractError, type Clock, type NewRecord } from '@medrex/contracts';
import type { Message, Producer } from 'kafkajs';
import { newClient, type Client, type KafkaConnection } from './cluster.ts';
import { failureOf, kafkaError } from './errors.ts';
import type { KafkaObserver } from './observer.ts';

export interface PartitionAppenderOptions {
  readonly connection: KafkaConnection;
  readonly topic: string;
  readonly partition: number;
  readonly clock: Clock;
  readonly observer: KafkaObserver;
  /** Maximum bytes of one request: what max.message.bytes of the topic leaves for records. */
  readonly batchBytesMax: number;
}

interface Sized {
  readonly message: Message;
  readonly bytes: number;
}

/** One call: its records, how many are stored, and its promise. */
interface Waiting {
  readonly records: readonly Sized[];
  sent: number;
  baseOffset: number;
  lastOffset: number;
  readonly resolve: (place: Appended) => void;
  readonly reject: (error: unknown) => void;
}

interface Appended {
  readonly baseOffset: number;
  readonly lastOffset: number;
}

/** The part of a call that is in the request. */
interface Part {
  readonly call: Waiting;
  readonly records: readonly Sized[];
}

/** Overhead of a record in a batch: lengths, deltas and a share of the checksum. */
const recordOverheadBytes = 64;
const backoffMs = [0, 50, 100, 200, 500, 1000] as const;

/**
 * Appends to one partition with one request in flight; calls made meanwhile go into the next one, in order. After a
 * failed request it is unknown whether the records were stored, so the same records are sent again before anything
 * else, without limit, by a new idempotent producer. The sequence numbers of kafkajs cannot be relied on after a
 * failure: the broker would acknowledge a batch that it does not store. At worst the log contains records twice, in
 * order. Each partition has its own producer, so a failure repeats nothing in other partitions.
 */
export class PartitionAppender {
  readonly #options: PartitionAppenderOptions;
  readonly #closing = new AbortController();
  #queue: Waiting[] = [];
  #running: Promise<void> | undefined;
  #sinceMs: number | undefined;
  #producer: { readonly client: Client; readonly producer: Producer } | undefined;

  constructor(options: PartitionAppenderOptions) {
    this.#options = options;
  }

  /** Resolves when all records are durable. The partition must exist. */
  append(records: readonly NewRecord[]): Promise<Appended> {
    return new Promise((resolve, reject) => {
      const sized = records.map((record) => asMessage(record, this.#options.partition));
      this.#queue.push({ records: sized, sent: 0, baseOffset: -1, lastOffset: -1, resolve, reject });
      this.#running ??= this.#run();
    });
  }

  /** How long the request in flight has been retried; 0 if there is none. */
  get tryingMs(): number {
    return this.#sinceMs === undefined ? 0 : performance.now() - this.#sinceMs;
  }

  /** Stops retrying: appends that are not stored yet are rejected. */
  giveUp(): void {
    this.#closing.abort();
  }

  /** Closes when nothing is being appended any more. */
  async close(): Promise<void> {
    await this.#running;
    await this.#drop();
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // calls of one turn are sent together
    while (this.#queue.length > 0) {
      const parts = this.#take();
      this.#sinceMs = performance.now();
      try {
        this.#note(parts, await this.#sendUntilStored(parts));
      } catch (error) {
        this.#fail(parts, error);
      }
    }
    this.#running = undefined;
    this.#sinceMs = undefined;
  }

  /** The front of the queue, up to the size of a batch; at least one record. */
  #take(): readonly Part[] {
    let left = this.#options.batchBytesMax;
    let isFirst = true;
    const parts: Part[] = [];
    for (const call of this.#queue) {
      let end = call.sent;
      for (; end < call.records.length; end++) {
        const { bytes } = call.records[end] as Sized;
        if (bytes > left && !isFirst) break;
        left -= bytes;
        isFirst = false;
      }
      if (end > call.sent) parts.push({ call, records: call.records.slice(call.sent, end) });
      if (end < call.records.length) break; // later calls wait for the rest of this one
    }
    return parts;
  }

  /** Returns the offset of the first record. */
  async #sendUntilStored(parts: readonly Part[]): Promise<number> {
    const { topic, clock } = this.#options;
    const messages = parts.flatMap(({ records }) => records.map(({ message }) => message));
    const bytes = parts.reduce((sum, { records }) => sum + records.reduce((all, one) => all + one.bytes, 0), 0);
    for (let tries = 1; ; tries++) {
      try {
        return await this.#send(messages, bytes);
      } catch (error) {
        await this.#drop();
        const { name, isRefusal } = failureOf(error);
        this.#options.observer.appendFailed?.({ topic, failure: name, tries });
        if (isRefusal) throw kafkaError('KAFKA_REFUSED', `${topic}: append refused: ${name}`, { cause: error });
        if (this.#closing.signal.aborted)
          throw kafkaError('KAFKA_UNAVAILABLE', `${topic}: not known to be stored: ${name}`, { cause: error });
        await clock.sleep(backoffMs[Math.min(tries, backoffMs.length) - 1] ?? 1000, this.#closing.signal);
      }
    }
  }

  async #send(messages: Message[], bytes: number): Promise<number> {
    const { topic, observer } = this.#options;
    const startMs = performance.now();
    const { producer } = (this.#producer ??= await this.#connect());
    const [stored] = await producer.send({ topic, acks: -1, messages });
    observer.appended?.({ records: messages.length, bytes, elapsedMs: performance.now() - startMs });
    return Number(stored?.baseOffset);
  }

  async #connect(): Promise<{ readonly client: Client; readonly producer: Producer }> {
    const client = newClient(this.#options.connection);
    const producer = client.kafka.producer({
      idempotent: true,
      maxInFlightRequests: 1,
      allowAutoTopicCreation: false,
      metadataMaxAge: 60_000,
      // Every record has an explicit partition: by the channel map, or by the hash of Java clients (`partitionOf`).
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
      retry: { retries: 2, initialRetryTime: 100, maxRetryTime: 1000 },
    });
    try {
      await producer.connect();
      return { client, producer };
    } catch (error) {
      client.destroy();
      throw error;
    }
  }

  /** Releases the producer without waiting for its pending work. */
  async #drop(): Promise<void> {
    const dropped = this.#producer;
    this.#producer = undefined;
    if (dropped === undefined) return;
    dropped.client.destroy();
    await dropped.producer.disconnect().catch(() => undefined);
  }

  #note(parts: readonly Part[], baseOffset: number): void {
    let next = baseOffset;
    for (const { call, records } of parts) {
      if (call.sent === 0) call.baseOffset = next;
      call.sent += records.length;
      next += records.length;
      call.lastOffset = next - 1;
      if (call.sent === call.records.length) this.#settle(call);
    }
    this.#queue = this.#queue.filter(({ sent, records }) => sent < records.length);
  }

  #settle(call: Waiting): void {
    const { baseOffset, lastOffset, records } = call;
    const { topic, partition } = this.#options;
    if (lastOffset - baseOffset === records.length - 1) call.resolve({ baseOffset, lastOffset });
    else call.reject(kafkaError('KAFKA_APPEND_INTERLEAVED', `${topic}/${partition}: append in parts`));
  }

  #fail(parts: readonly Part[], error: unknown): void {
    const failed = new Set(parts.map(({ call }) => call));
    this.#queue = this.#queue.filter((call) => !failed.has(call));
    for (const { reject } of failed) reject(error);
    if (this.#closing.signal.aborted)
      for (const { reject } of this.#queue.splice(0))
        reject(contractError('LOG_CLOSED', 'closed while brokers were away'));
  }
}

function asMessage({ key, value, headers }: NewRecord, partition: number): Sized {
  let bytes = value.length + (key === undefined ? 0 : Buffer.byteLength(key)) + recordOverheadBytes;
  for (const [name, content] of headers ?? []) bytes += Buffer.byteLength(name) + content.length + 10;
  const message: Message = {
    key: key ?? null,
    value: asBuffer(value),
    partition,
    headers: Object.fromEntries([...(headers ?? [])].map(([name, content]) => [name, asBuffer(content)])),
  };
  return { message, bytes };
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
