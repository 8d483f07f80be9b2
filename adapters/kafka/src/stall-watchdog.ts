import type { PartitionBuffer } from './fetched-partition.ts';
import type { KafkaObserver } from './observer.ts';
import type { Requests } from './requests.ts';

export interface StallWatchdogOptions {
  readonly requests: Pick<Requests, 'bounds'>;
  /** How long a partition may bring nothing while the log goes on. */
  readonly stallMs: number;
  readonly observer: KafkaObserver;
}

interface Watched {
  readonly topic: string;
  readonly buffer: PartitionBuffer;
  readonly renew: () => void;
  fetchOffset: number;
  sinceMs: number;
  isStalled: boolean;
}

/**
 * Looks after readers that wait: where a partition brings nothing for some time, another connection is asked how far the log
 * goes; if it goes on, the reader's client is made anew, and until records come the log calls itself stalled.
 */
export class StallWatchdog {
  readonly #options: StallWatchdogOptions;
  readonly #watched = new Set<Watched>();
  readonly #timer: NodeJS.Timeout;

  constructor(options: StallWatchdogOptions) {
    this.#options = options;
    this.#timer = setInterval(() => void this.#look(), Math.max(10, options.stallMs / 3)).unref();
  }

  /** Places that bring nothing although the log goes on. */
  get stalled(): readonly string[] {
    const stalled = [...this.#watched].filter(({ isStalled }) => isStalled);
    return stalled.map(({ topic, buffer }) => `${topic}/${buffer.partition}`);
  }

  /** Watches until the function that it returns is called. @param renew makes the client anew */
  watch(topic: string, buffer: PartitionBuffer, renew: () => void): () => void {
    const { fetchOffset } = buffer;
    const watched = { topic, buffer, renew, fetchOffset, sinceMs: performance.now(), isStalled: false };
    this.#watched.add(watched);
    return () => this.#watched.delete(watched);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #look(): Promise<void> {
    await Promise.all([...this.#watched].map((watched) => this.#lookAt(watched)));
    this.#options.observer.stalledNow?.(this.stalled.length);
  }

  async #lookAt(watched: Watched): Promise<void> {
    const { buffer, topic, renew } = watched;
    const now = performance.now();
    if (buffer.fetchOffset !== watched.fetchOffset || buffer.isLost || buffer.isFull) {
      Object.assign(watched, { fetchOffset: buffer.fetchOffset, sinceMs: now, isStalled: false });
      return;
    }
    const waitedMs = now - watched.sinceMs;
    if (waitedMs < this.#options.stallMs) return;
    const { partition } = buffer;
    // A cluster that does not answer at all is told of by the reader itself.
    const bounds = await this.#options.requests.bounds(topic, [partition]).catch(() => undefined);
    const isBehind = (bounds?.get(partition)?.end ?? 0) > buffer.fetchOffset;
    watched.isStalled = isBehind && buffer.fetchOffset === watched.fetchOffset;
    watched.sinceMs = performance.now();
    if (!watched.isStalled || !this.#watched.has(watched)) return;
    this.#options.observer.stalled?.({ topic, partition, waitedMs });
    renew();
  }
}
