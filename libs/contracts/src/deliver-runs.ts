import { isCodedError } from '@medrex/coded-error';
import type { LogRun, Subscription } from './event-log.ts';

/** Time as an argument: the real clock is in the adapters, a scripted one in tests. */
export interface Clock {
  nowMs(): number;
  /** Resolves after `ms`, or at once when `signal` is aborted; never rejects. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
  /** Yields to everything else that waits for this thread (Node: setImmediate). */
  nextTurn(): Promise<void>;
}

/** The source of the runs of one partition. */
export interface RunSource {
  /**
   * Returns the next run and advances; `undefined` if there is none yet.
   * @throws errors of reading
   */
  next(): LogRun | undefined;
  /** Resolves when there may be another run; must also resolve when `signal` is aborted. */
  arrival(signal: AbortSignal): Promise<unknown>;
  /** Called once, after the last read. */
  close?(): void;
}

/** Delays between tries of a failed run: `firstMs`, then doubled each time, up to `maxMs`. */
export interface Redelivery {
  readonly firstMs: number;
  readonly maxMs: number;
}

export interface Delivery {
  readonly source: RunSource;
  readonly clock: Clock;
  readonly onRun: (run: LogRun) => Promise<void>;
  readonly onError?: ((error: unknown, run: LogRun | undefined) => void) | undefined;
  readonly redelivery?: Redelivery | undefined;
}

const defaultRedelivery: Redelivery = { firstMs: 20, maxMs: 5_000 };

/**
 * The delivery rules of the EventLog port for one partition, for all implementations that read themselves: one run at a
 * time, the same run again after a failure, nothing while paused, and a close that waits for the current run.
 */
export function deliverRuns(delivery: Delivery): Subscription {
  return new RunDelivery(delivery);
}

/** One subscription to several partitions. */
export function joinSubscriptions(parts: readonly Subscription[]): Subscription {
  return {
    pause: () => parts.forEach((part) => part.pause()),
    resume: () => parts.forEach((part) => part.resume()),
    close: async () => {
      await Promise.all(parts.map((part) => part.close()));
    },
  };
}

class RunDelivery implements Subscription {
  readonly #delivery: Delivery;
  readonly #closing = new AbortController();
  readonly #done: Promise<void>;
  #paused: { readonly until: Promise<undefined>; readonly end: (nothing: undefined) => void } | undefined;

  constructor(delivery: Delivery) {
    this.#delivery = delivery;
    this.#done = this.#deliverAll();
  }

  pause(): void {
    if (this.#paused !== undefined || this.#isClosing()) return;
    const { promise: until, resolve: end } = Promise.withResolvers<undefined>();
    this.#paused = { until, end };
  }

  resume(): void {
    this.#paused?.end(undefined);
    this.#paused = undefined;
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.resume();
    await this.#done.catch(() => undefined); // it was reported when it happened
    this.#delivery.source.close?.();
  }

  #isClosing(): boolean {
    return this.#closing.signal.aborted;
  }

  async #deliverAll(): Promise<void> {
    const { source, clock } = this.#delivery;
    for (let failures = 0; !this.#isClosing();) {
      await this.#paused?.until;
      try {
        const run = this.#isClosing() ? undefined : source.next();
        failures = 0;
        if (run === undefined) await source.arrival(this.#closing.signal);
        else await this.#deliver(run);
      } catch (error) {
        if (!this.#isWorthAnotherTry(error)) return;
        await this.#backOff(failures++);
      }
      await clock.nextTurn(); // a backlog must not block the thread
    }
  }

  #isWorthAnotherTry(error: unknown): boolean {
    const { onError } = this.#delivery;
    const isLost = isCodedError(error, 'OFFSET_OUT_OF_RANGE');
    if (isLost && onError === undefined) throw error;
    onError?.(error, undefined);
    return !isLost;
  }

  async #deliver(run: LogRun): Promise<void> {
    for (let failures = 0; !this.#isClosing();) {
      await this.#paused?.until;
      if (this.#isClosing()) return;
      try {
        await this.#delivery.onRun(run);
        return;
      } catch (error) {
        this.#delivery.onError?.(error, run);
        await this.#backOff(failures++);
      }
    }
  }

  #backOff(failures: number): Promise<void> {
    const { firstMs, maxMs } = this.#delivery.redelivery ?? defaultRedelivery;
    const ms = Math.min(maxMs, firstMs * 2 ** Math.min(failures, 30));
    return this.#delivery.clock.sleep(ms, this.#closing.signal);
  }
}
