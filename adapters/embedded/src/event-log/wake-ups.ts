import { BroadcastChannel } from 'node:worker_threads';

/**
 * Tells waiting readers that a partition has grown: at once when a thread of this process wrote it, else by looking again after a
 * while, because between processes only the files are shared.
 */
export class WakeUps {
  readonly #channel: BroadcastChannel;
  readonly #waiting = new Map<string, Set<() => void>>();

  /** @param channel name that all readers and writers of a log in this process share. */
  constructor(channel: string) {
    this.#channel = new BroadcastChannel(channel);
    this.#channel.onmessage = (message) => {
      const { data } = message as { readonly data: string };
      for (const wake of [...(this.#waiting.get(data) ?? [])]) wake();
    };
    this.#channel.unref();
  }

  /** Resolves when `partition` (`<topic>/<partition>`) has grown, after `ms`, or when `signal` is aborted. */
  arrival(partition: string, ms: number, signal: AbortSignal): Promise<undefined> {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    const waiting = this.#waiting.get(partition) ?? new Set();
    this.#waiting.set(partition, waiting);
    const wake = (): void => {
      clearTimeout(timer);
      waiting.delete(wake);
      signal.removeEventListener('abort', wake);
      resolve(undefined);
    };
    const timer = setTimeout(wake, ms);
    waiting.add(wake);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
    return promise;
  }

  close(): void {
    this.#channel.close();
  }
}
