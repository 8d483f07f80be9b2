import type { Clock } from '../clock.ts';

interface Timer {
  readonly atMs: number;
  readonly run: () => void;
}

/** A clock that only moves when told to; timers fire in order of their time, then of their creation. */
export class ManualClock implements Clock {
  #nowMs: number;
  #timers: Timer[] = [];

  constructor(startMs = 1_800_000_000_000) {
    this.#nowMs = startMs;
  }

  /** Number of pending timers. */
  get pending(): number {
    return this.#timers.length;
  }

  now(): number {
    return this.#nowMs;
  }

  after(ms: number, run: () => void): () => void {
    const timer = { atMs: this.#nowMs + ms, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Advances by `ms`; pending promises and immediates run between timers. */
  async advance(ms: number): Promise<void> {
    const endMs = this.#nowMs + ms;
    await settle();
    for (let timer = this.#next(endMs); timer !== undefined; timer = this.#next(endMs)) {
      this.#timers = this.#timers.filter((other) => other !== timer);
      this.#nowMs = Math.max(this.#nowMs, timer.atMs);
      timer.run();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }

  /** Simulates a suspended machine or a set clock: time passes without timers firing. */
  leap(ms: number): void {
    this.#nowMs += ms;
  }

  #next(endMs: number): Timer | undefined {
    return this.#timers.filter(({ atMs }) => atMs <= endMs).sort((a, b) => a.atMs - b.atMs)[0];
  }
}

/** Runs pending promises and immediates. */
export async function settle(turns = 4): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
}
