import { BroadcastChannel } from 'node:worker_threads';

interface Waiter {
  readonly partition: string;
  readonly deadlineMs: number;
  readonly wake: () => void;
}

/**
 * Readers whose time is nearly up are woken together, so an idle process wakes up 40 times a second, not 40 times per
 * topic.
 */
const togetherMs = 10;

/**
 * Notifies waiting readers that a partition has grown: at once if a thread of this process wrote it, else by polling,
 * because processes share only the files.
 */
export class WakeUps {
  readonly #channel: BroadcastChannel;
  readonly #waiting = new Set<Waiter>();
  #timer: NodeJS.Timeout | undefined;
  #timerMs = Infinity;

  /** @param channel name shared by all readers and writers of a log in this process */
  constructor(channel: string) {
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = (message) => {
      const { data } = message as { readonly data: string };
      this.#wakeAll(({ partition }) => partition === data);
    };
    this.#channel.unref();
  }

  /** Resolves when `partition` (`<topic>/<partition>`) has grown, after about `ms`, or when `signal` is aborted. */
  arrival(partition: string, ms: number, signal: AbortSignal): Promise<undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const wake = (): void => {
      this.#waiting.delete(waiter);
      signal.removeEventListener('abort', wake);
      resolve(undefined);
    };
    const waiter: Waiter = { partition, deadlineMs: performance.now() + ms, wake };
    this.#waiting.add(waiter);
    signal.addEventListener('abort', wake);
    this.#checkPartition(waiter.deadlineMs);
    return promise;
  }

  close(): void {
    this.#channel.close();
    clearTimeout(this.#timer);
  }

  #checkPartition(deadlineMs: number): void {
    if (deadlineMs >= this.#timerMs) return;
    clearTimeout(this.#timer);
    this.#timerMs = deadlineMs;
    this.#timer = setTimeout(() => this.#check(), Math.max(0, deadlineMs - performance.now()));
  }

  #check(): void {
    this.#timerMs = Infinity;
    const dueMs = performance.now() + togetherMs;
    this.#wakeAll(({ deadlineMs }) => deadlineMs <= dueMs);
    this.#checkPartition(Math.min(...[...this.#waiting].map(({ deadlineMs }) => deadlineMs)));
  }

  #wakeAll(isDue: (waiter: Waiter) => boolean): void {
    for (const waiter of [...this.#waiting].filter(isDue)) waiter.wake();
  }
}
