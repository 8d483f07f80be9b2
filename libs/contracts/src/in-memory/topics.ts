import { contractError } from '../errors.ts';
import { InMemoryPartition } from './partition.ts';

/** Limits of topics kept in memory. */
export interface InMemoryTopicsOptions {
  /** Partitions of a topic; 1 when absent. */
  readonly partitions?: (topic: string) => number;
  /**
   * Maximum bytes of one partition. Above it a topic with retention by age drops its oldest records; any other refuses
   * appends.
   */
  readonly bytesMax?: number;
}

const mebibyte = 1024 * 1024;

/**
 * The contents of an in-memory log, including commits. It outlives the logs that are opened on it, as a broker outlives
 * its clients.
 */
export class InMemoryTopics {
  readonly #options: Required<InMemoryTopicsOptions>;
  readonly #partitions = new Map<string, InMemoryPartition>();
  readonly #committed = new Map<string, number>();

  constructor(options: InMemoryTopicsOptions = {}) {
    this.#options = { partitions: () => 1, bytesMax: 256 * mebibyte, ...options };
  }

  /** Partition numbers of a topic. */
  partitionsOf(topic: string): number[] {
    return Array.from({ length: this.#options.partitions(topic) }, (_, partition) => partition);
  }

  /** @throws CodedError PARTITION_UNKNOWN */
  partition(topic: string, partition: number): InMemoryPartition {
    const name = `${topic}/${partition}`;
    const known = this.#partitions.get(name);
    if (known !== undefined) return known;
    const count = this.#options.partitions(topic);
    if (!Number.isInteger(partition) || partition < 0 || partition >= count) {
      throw contractError('PARTITION_UNKNOWN', `${name}: the topic has partitions 0 to ${count - 1}`);
    }
    const made = new InMemoryPartition(topic, partition, this.#options.bytesMax);
    this.#partitions.set(name, made);
    return made;
  }

  commit(group: string, topic: string, partition: number, offset: number): void {
    this.#committed.set(JSON.stringify([group, topic, partition]), offset);
  }

  committed(group: string, topic: string, partition: number): number | undefined {
    return this.#committed.get(JSON.stringify([group, topic, partition]));
  }
}
