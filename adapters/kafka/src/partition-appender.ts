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
  /** Bytes of one request: what the topic's max.message.bytes leaves for records. */
  readonly batchBytesMax: number;
}

interface Sized {
  readonly message: Message;
  readonly bytes: number;
}

/** One call: its records, what of them is stored, and whom to tell. */
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

/** What a record weighs in a batch beside its own bytes: lengths, deltas and a checksum's share. */
const recordOverheadBytes = 64;
const backoffMs = [0, 50, 100, 200, 500, 1000] as const;

/**
 * Appends to one partition, one request in flight: what is called meanwhile goes in the next one, in the order of the calls. A
 * request that failed may have been stored or not, so the same records go again before anything else and without limit, through
 * a new idempotent producer: the sequence numbers of kafkajs are not to be trusted after a failure (the broker would acknowledge
 * a batch that it does not store). At worst the log then holds them twice, in order. Each partition has a producer of its own, so
 * that the trouble of one repeats nothing in another.
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

  /** Resolves when all are durable; the partition is known to be there. */
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

  /** Stops retrying: appends that are not stored by now are rejected. */
  giveUp(): void {
    this.#closing.abort();
  }

  /** Closes, once nothing is appended any more. */
  async close(): Promise<void> {
    await this.#running;
    await this.#drop();
  }

  async #run(): Promise<void> {
    await Promise.resolve(); // what is called in the same turn goes together
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

  /** The beginning of the queue, up to the size of a batch; at least one record. */
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
      if (end < call.records.length) break; // what was called later waits for the rest of this call
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
      // Every record names its partition: by the channel map, or by the hash that Java clients use (`partitionOf`).
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

  /** Lets the producer go without waiting for what it still does. */
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
