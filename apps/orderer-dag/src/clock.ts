/** Time as the loop sees it: wall clock for now, and one-shot timers. Injected, so that tests move it by hand. */
export interface Clock {
  /** Epoch ms. */
  now(): number;
  /** Calls `run` once, `ms` from now; the answer cancels it. */
  after(ms: number, run: () => void): () => void;
}

/** The machine's own clock. Its timers do not keep a process alive by themselves. */
export const systemClock: Clock = {
  now: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` of the clock. */
export const pause = (clock: Clock, ms: number): Promise<void> =>
  new Promise((resolve) => void clock.after(ms, resolve));

/**
 * Settles as `promise` does, or rejects with what `late` makes when that takes longer than `ms`.
 * The promise itself goes on; what it comes to afterwards is dropped.
 */
export function within<T>(clock: Clock, ms: number, promise: Promise<T>, late: () => Error): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const cancel = clock.after(ms, () => reject(late()));
    promise.then(resolve, reject).finally(cancel);
  });
}
