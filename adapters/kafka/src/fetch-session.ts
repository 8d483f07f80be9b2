import { contractError, type Clock } from '@medrex/contracts';
import { clusterOf, newClient, type Cluster, type KafkaConnection } from './cluster.ts';
import { failureOf, kafkaError } from './errors.ts';
import type { PartitionBuffer } from './fetched-partition.ts';
import type { KafkaObserver } from './observer.ts';

export interface FetchSessionOptions {
  readonly connection: KafkaConnection;
  readonly clock: Clock;
  readonly observer: KafkaObserver;
  readonly topic: string;
  readonly buffers: readonly PartitionBuffer[];
  /** Minimum time between two requests to one broker, ms. */
  readonly paceMs: number;
}

const mebibyte = 1024 * 1024;
/** Maximum bytes of one answer; a larger batch is still returned alone. */
const partitionBytesMax = 4 * mebibyte;
const answerBytesMax = 16 * mebibyte;
/**
 * How long a broker may hold a request without records: long if all partitions are requested, short if a full one may
 * be emptied.
 */
const waitMs = { all: 500, some: 50 } as const;
const backoffMs = [0, 50, 100, 250, 500, 1000] as const;
const leaderlessMs = 2_000;

/**
 * Fetches the partitions of one subscription into their buffers, with one long poll at a time per leader. Any error
 * ends the client; reading continues with a new one where it stopped. There is no group, so an offset advances only by
 * what was read.
 */
export class FetchSession {
  readonly #options: FetchSessionOptions;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #destroy: () => void = () => undefined;
  #drained = Promise.withResolvers<undefined>();

  constructor(options: FetchSessionOptions) {
    this.#options = options;
    this.#done = this.#run();
  }

  /** To be called after records were taken from a buffer. */
  taken(): void {
    this.#drained.resolve(undefined);
    this.#drained = Promise.withResolvers<undefined>();
  }

  /** Continues with a new client, because the present one does not deliver new records. */
  renew(): void {
    this.#destroy();
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#destroy();
    this.taken();
    await this.#done;
  }

  async #run(): Promise<void> {
    const { clock, observer, topic, buffers } = this.#options;
    for (let failures = 0; !this.#isClosing();) {
      const startMs = clock.nowMs();
      try {
        if (buffers.every(({ isLost }) => isLost)) await aborted(this.#closing.signal);
        else await this.#fetchAll();
      } catch (error) {
        if (this.#isClosing()) return;
        const { name } = failureOf(error);
        failures = clock.nowMs() - startMs > 5_000 ? 1 : failures + 1;
        observer.readFailed?.({ topic, failure: name });
        const why = kafkaError('KAFKA_UNAVAILABLE', `${topic}: reading failed: ${name}`, { cause: error });
        if (failures > 1) for (const buffer of buffers) buffer.fail(why, false);
        await clock.sleep(backoffMs[Math.min(failures, backoffMs.length) - 1] ?? 1000, this.#closing.signal);
      }
    }
  }

  /** Runs one client. Ends by an exception, or normally when leaders must be looked up again. */
  async #fetchAll(): Promise<void> {
    const { connection, topic, buffers, clock } = this.#options;
    const client = newClient(connection);
    const session = new AbortController();
    this.#destroy = () => {
      session.abort();
      client.destroy();
    };
    try {
      if (this.#isClosing()) return;
      const cluster = clusterOf(client);
      await cluster.connect();
      await cluster.addTargetTopic(topic);
      const byLeader = ledBy(cluster, topic, buffers);
      const leaderless = byLeader.get(-1) ?? [];
      byLeader.delete(-1);
      await Promise.all([
        ...[...byLeader].map(([node, led]) => this.#fetchFrom(cluster, node, led, session.signal)),
        ...(leaderless.length === 0 ? [] : [clock.sleep(leaderlessMs, session.signal).then(() => session.abort())]),
      ]);
    } finally {
      session.abort();
      client.destroy();
    }
  }

  async #fetchFrom(
    cluster: Cluster,
    node: number,
    led: readonly PartitionBuffer[],
    signal: AbortSignal,
  ): Promise<void> {
    const { clock, paceMs } = this.#options;
    const ended = aborted(signal);
    for (let askedMs = -Infinity; !signal.aborted;) {
      const restMs = askedMs + paceMs - performance.now();
      if (restMs > 0) await clock.sleep(restMs, signal);
      askedMs = performance.now();
      const drained = this.#drained.promise;
      const asked = wanted(led);
      if (asked.length === 0) {
        if (led.every(({ isLost }) => isLost)) return;
        await Promise.race([drained, ended]);
      } else {
        const isAll = asked.length === led.filter(({ isLost }) => !isLost).length;
        await this.#fetch(cluster, node, asked, isAll ? waitMs.all : waitMs.some);
      }
      await cluster.refreshMetadataIfNecessary();
    }
  }

  async #fetch(cluster: Cluster, node: number, asked: readonly PartitionBuffer[], maxWaitTime: number): Promise<void> {
    const { topic } = this.#options;
    const broker = await cluster.findBroker({ nodeId: String(node) });
    const partitions = asked.map(({ partition, fetchOffset }) => ({
      partition,
      fetchOffset: String(fetchOffset),
      maxBytes: partitionBytesMax,
    }));
    try {
      const { responses } = await broker.fetch({
        replicaId: -1,
        isolationLevel: 1,
        minBytes: 1,
        maxBytes: answerBytesMax,
        maxWaitTime,
        topics: [{ topic, partitions }],
      });
      for (const answer of responses.flatMap((response) => response.partitions))
        asked.find(({ partition }) => partition === answer.partition)?.add(answer, asked.length === 1);
    } catch (error) {
      if (failureOf(error).name !== 'OFFSET_OUT_OF_RANGE') throw error;
      const { partition } = error as { readonly partition?: number };
      const lost = asked.find((buffer) => buffer.partition === partition);
      if (lost === undefined) throw error;
      lose(topic, lost, error);
    }
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }
}

/** Partitions to request now; one that returned nothing although it has new records is requested alone. */
function wanted(led: readonly PartitionBuffer[]): readonly PartitionBuffer[] {
  const wanted = led.filter(({ isFull, isLost }) => !isFull && !isLost);
  const suspect = wanted.find(({ isSuspect }) => isSuspect);
  return suspect === undefined ? wanted : [suspect];
}

function ledBy(
  cluster: Cluster,
  topic: string,
  buffers: readonly PartitionBuffer[],
): Map<number, readonly PartitionBuffer[]> {
  const leaders = new Map(cluster.findTopicPartitionMetadata(topic).map((one) => [one.partitionId, one.leader]));
  return Map.groupBy(buffers, ({ partition }) => leaders.get(partition) ?? -1);
}

function lose(topic: string, buffer: PartitionBuffer, cause: unknown): void {
  const { partition, fetchOffset } = buffer;
  const message = `${topic}/${partition}: offset ${fetchOffset} is not kept, or not there yet`;
  buffer.fail(contractError('OFFSET_OUT_OF_RANGE', message, { cause }), true);
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
