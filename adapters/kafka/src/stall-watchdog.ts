import type { PartitionBuffer } from './fetched-partition.ts';
import type { KafkaObserver } from './observer.ts';
import type { Requests } from './requests.ts';

export interface StallWatchdogOptions {
  readonly requests: Pick<Requests, 'bounds'>;
  /** How long a partition may deliver nothing although it has new records. */
  readonly stallMs: number;
  readonly observer: KafkaObserver;
}

interface Watched {
  readonly topic: string;
  readonly buffer: PartitionBuffer;
  readonly renew: () => void;
  fetchOffset: number;
  sinceMs: number;
  /** When its buffer was last seen full, so that nothing was requested. */
  fullMs: number;
  isStalled: boolean;
}

/** A partition that delivers nothing, with the reason as text. */
export interface StalledReader {
  readonly topic: string;
  readonly partition: number;
  readonly reason: string;
}

/**
 * Watches waiting readers. If a partition delivers nothing for some time, its end is queried on another connection. If
 * there are new records, the reader's client is replaced, and the log is reported as stalled until records arrive.
 */
export class StallWatchdog {
  readonly #options: StallWatchdogOptions;
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: StallWatchdogOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#check(), Math.max(10, options.stallMs / 3)).unref();
  }

  /** Stalled readers: their broker does not answer, new records are not delivered, or their records were deleted. */
  get stalledReaders(): readonly StalledReader[] {
    const now = performance.now();
    return [...this.#watched].flatMap((watched) => {
      const reason = this.#stallReason(watched, now);
      return reason === undefined ? [] : [{ topic: watched.topic, partition: watched.buffer.partition, reason }];
    });
  }

  /**
   * Watches a reader until the returned function is called.
   * @param renew replaces the client
   */
  watch(topic: string, buffer: PartitionBuffer, renew: () => void): () => void {
    const { fetchOffset } = buffer;
    const now = performance.now();
    const watched = { topic, buffer, renew, fetchOffset, sinceMs: now, fullMs: now, isStalled: false };
    this.#watched.add(watched);
    return () => this.#watched.delete(watched);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    await Promise.all([...this.#watched].map((watched) => this.#checkPartition(watched)));
    this.#options.observer.stalledNow?.(this.stalledReaders.length);
  }

  async #checkPartition(watched: Watched): Promise<void> {
    const { buffer, topic, renew } = watched;
    const now = performance.now();
    if (buffer.isFull) watched.fullMs = now;
    if (buffer.fetchOffset !== watched.fetchOffset || buffer.isLost || buffer.isFull) {
      Object.assign(watched, { fetchOffset: buffer.fetchOffset, sinceMs: now, isStalled: false });
      return;
    }
    const waitedMs = now - watched.sinceMs;
    if (waitedMs < this.#options.stallMs) return;
    const { partition } = buffer;
    // A cluster that does not answer at all shows by the silence of the reader itself.
    const bounds = await this.#options.requests.bounds(topic, [partition]).catch(() => undefined);
    const isBehind = (bounds?.get(partition)?.end ?? 0) > buffer.fetchOffset;
    watched.isStalled = isBehind && buffer.fetchOffset === watched.fetchOffset;
    watched.sinceMs = performance.now();
    if (!watched.isStalled || !this.#watched.has(watched)) return;
    this.#options.observer.stalled?.({ topic, partition, waitedMs });
    renew();
  }

  #stallReason({ buffer, fullMs, isStalled }: Watched, now: number): string | undefined {
    if (buffer.isLost) return 'its records were deleted under its reader';
    if (isStalled) return 'delivers nothing although it has new records';
    const silentMs = now - Math.max(buffer.answeredMs, fullMs);
    if (buffer.isFull || silentMs < this.#options.stallMs) return undefined;
    return `no answer of its broker for ${Math.round(silentMs / 1000)} s`;
  }
}
