import { contractError, type Clock } from '@medrex/contracts';
import { clusterOf, newClient, type Broker, type Client, type Cluster, type KafkaConnection } from './cluster.ts';
import { failureOf, kafkaError } from './errors.ts';

/** The first kept offset and the offset after the last one. */
export interface Bounds {
  readonly start: number;
  readonly end: number;
}

/** The committer: anonymous, or a member of the group in one of its generations. */
export interface Committer {
  readonly generationId: number;
  readonly memberId: string;
}

const noMember: Committer = { generationId: -1, memberId: '' };
const backoffMs = [50, 100, 200, 500] as const;

/**
 * Requests that a cluster answers at once: metadata, offsets, commits, deletions. They share one client. Transient
 * failures are retried with a new client, for a limited time.
 */
export class Requests {
  readonly #connection: KafkaConnection;
  readonly #clock: Clock;
  readonly #withinMs: number;
  readonly #closing = new AbortController();
  #open: { readonly client: Client; readonly cluster: Promise<Cluster> } | undefined;

  /** @param withinMs how long a request is retried */
  constructor(connection: KafkaConnection, clock: Clock, withinMs: number) {
    this.#connection = connection;
    this.#clock = clock;
    this.#withinMs = withinMs;
  }

  /**
   * Number of partitions of a topic.
   * @throws CodedError PARTITION_UNKNOWN if there is no such topic
   */
  partitionCount(topic: string): Promise<number> {
    return this.#ask(topic, async (cluster) => cluster.findTopicPartitionMetadata(topic).length);
  }

  /** By partition. */
  bounds(topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, Bounds>> {
    return this.#ask(topic, async (cluster) => {
      const asked = { topic, partitions: partitions.map((partition) => ({ partition })) };
      const [starts, ends] = await Promise.all([
        cluster.fetchTopicsOffset([{ ...asked, fromBeginning: true }]),
        cluster.fetchTopicsOffset([{ ...asked, fromBeginning: false }]),
      ]);
      const endOf = new Map(ends[0]?.partitions.map(({ partition, offset }) => [partition, Number(offset)]));
      const bounds = new Map<number, Bounds>();
      for (const { partition, offset } of starts[0]?.partitions ?? []) {
        const end = endOf.get(partition);
        if (end !== undefined) bounds.set(partition, { start: Number(offset), end });
      }
      if (bounds.size < partitions.length) throw new Error('a partition has no leader');
      return bounds;
    });
  }

  /** Committed offsets of a group by partition, without partitions that it never committed. */
  committed(group: string, topic: string, partitions: readonly number[]): Promise<ReadonlyMap<number, number>> {
    return this.#askCoordinator(group, topic, async (coordinator) => {
      const topics = [{ topic, partitions: partitions.map((partition) => ({ partition })) }];
      const { responses } = await coordinator.offsetFetch({ groupId: group, topics });
      const rows = responses.flatMap((response) => response.partitions);
      return new Map(rows.flatMap(({ partition, offset }) => (offset === '-1' ? [] : [[partition, Number(offset)]])));
    });
  }

  async commit(group: string, topic: string, partition: number, offset: number, by = noMember): Promise<void> {
    await this.#askCoordinator(group, topic, (coordinator) =>
      coordinator.offsetCommit({
        groupId: group,
        groupGenerationId: by.generationId,
        memberId: by.memberId,
        topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }],
      }),
    );
  }

  async deleteBefore(topic: string, partition: number, offset: number): Promise<void> {
    await this.#ask(topic, async (cluster) => {
      const leader = cluster.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition);
      const broker = await cluster.findBroker({ nodeId: String(leader?.leader) });
      await broker.deleteRecords({ topics: [{ topic, partitions: [{ partition, offset: String(offset) }] }] });
    });
  }

  close(): void {
    this.#closing.abort();
    this.#open?.client.destroy();
  }

  #askCoordinator<T>(group: string, topic: string, ask: (coordinator: Broker) => Promise<T>): Promise<T> {
    return this.#ask(topic, async (cluster) => ask(await cluster.findGroupCoordinator({ groupId: group })));
  }

  async #ask<T>(topic: string, ask: (cluster: Cluster) => Promise<T>): Promise<T> {
    const deadlineMs = this.#clock.nowMs() + this.#withinMs;
    for (let tries = 1; ; tries++) {
      try {
        const cluster = await this.#cluster();
        await cluster.addTargetTopic(topic);
        return await ask(cluster);
      } catch (error) {
        const { name, isRefusal } = failureOf(error);
        if (this.#closing.signal.aborted) throw contractError('LOG_CLOSED', `${topic}: the log is closed`);
        const isLast = this.#clock.nowMs() >= deadlineMs || (isMissing(name) && tries > 4) || isFenced(name);
        if (isRefusal || isLast) throw codedFailure(topic, name, isRefusal, error);
        this.#renew();
        await this.#clock.sleep(backoffMs[Math.min(tries, backoffMs.length) - 1] ?? 500, this.#closing.signal);
      }
    }
  }

  async #cluster(): Promise<Cluster> {
    this.#open ??= this.#connect();
    return this.#open.cluster;
  }

  #connect(): { readonly client: Client; readonly cluster: Promise<Cluster> } {
    const client = newClient(this.#connection);
    const cluster = clusterOf(client);
    const connected = cluster.connect().then(() => cluster);
    connected.catch(() => undefined); // the caller gets the error
    return { client, cluster: connected };
  }

  /** The next request uses a new client; other requests in progress on this one fail and do the same. */
  #renew(): void {
    this.#open?.client.destroy();
    this.#open = undefined;
  }
}

const isMissing = (name: string): boolean => name === 'UNKNOWN_TOPIC_OR_PARTITION';
const fences = ['ILLEGAL_GENERATION', 'UNKNOWN_MEMBER_ID', 'REBALANCE_IN_PROGRESS', 'FENCED_INSTANCE_ID'];
const isFenced = (name: string): boolean => fences.includes(name);

function codedFailure(topic: string, name: string, isRefusal: boolean, cause: unknown): Error {
  if (isMissing(name))
    return contractError(
      'PARTITION_UNKNOWN',
      `${topic}: the cluster has no such topic (medrex topics apply makes it)`,
      {
        cause,
      },
    );
  if (isFenced(name)) return kafkaError('KAFKA_COMMIT_STALE', `${topic}: ${name}`, { cause });
  if (isRefusal) return kafkaError('KAFKA_REFUSED', `${topic}: ${name}`, { cause });
  return kafkaError('KAFKA_UNAVAILABLE', `${topic}: ${name}`, { cause });
}
