import type { Scheduler } from '../model/scheduler.ts';

interface TimedEvent {
  readonly atMs: number;
  readonly run: () => void;
}

/**
 * Time that passes only when told to, or by itself as fast as the program allows: hours of a network in a second, and
 * deterministic. Between two events, all promises that do not wait for real I/O settle.
 */
export class VirtualTime implements Scheduler {
  #nowMs = 0;
  #isFreeRunning = false;
  #isPumping = false;
  /** Sorted by time; equal times in the order of arrival. */
  readonly #events: TimedEvent[] = [];

  nowMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): () => void {
    const event = { atMs: this.#nowMs + Math.max(0, delayMs), run };
    let at = this.#events.length;
    while (at > 0 && (this.#events[at - 1]?.atMs ?? 0) > event.atMs) at -= 1;
    this.#events.splice(at, 0, event);
    if (this.#isFreeRunning) this.#pump();
    return () => {
      const found = this.#events.indexOf(event);
      if (found >= 0) this.#events.splice(found, 1);
    };
  }

  /** Runs all events due within so many milliseconds, and ends at that time. */
  async advance(byMs: number): Promise<void> {
    const untilMs = this.#nowMs + byMs;
    await settled();
    for (let next = this.#events[0]; next !== undefined && next.atMs <= untilMs; next = this.#events[0]) {
      this.#runNext();
      await settled();
    }
    this.#nowMs = untilMs;
  }

  /** Runs events until the work is done. @throws Error when there are no events left, or more time has passed than allowed. */
  async until<T>(work: Promise<T>, limitMs = 3_600_000): Promise<T> {
    let isDone = false;
    const end = (): void => void (isDone = true);
    work.then(end, end);
    const stopAt = this.#nowMs + limitMs;
    for (await settled(); !isDone; await settled()) {
      if (this.#events.length === 0) throw new Error('virtual time: the work is not done and nothing is scheduled');
      if (this.#nowMs > stopAt) throw new Error(`virtual time: the work was not done in ${limitMs} ms`);
      this.#runNext();
    }
    return work;
  }

  /**
   * From now on time passes by itself, one event per turn of the real event loop; for code without knowledge of virtual
   * time.
   */
  freeRun(): void {
    this.#isFreeRunning = true;
    this.#pump();
  }

  #pump(): void {
    if (this.#isPumping || this.#events.length === 0) return;
    this.#isPumping = true;
    setImmediate(() => {
      this.#isPumping = false;
      this.#runNext();
      this.#pump();
    });
  }

  #runNext(): void {
    const event = this.#events.shift();
    if (event === undefined) return;
    this.#nowMs = Math.max(this.#nowMs, event.atMs);
    event.run();
  }
}

/** One turn of the event loop, after which every chain of promises without real I/O has ended. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
