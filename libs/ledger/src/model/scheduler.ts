/** Time as the model sees it: real time in a process, virtual time in a test. */
export interface Scheduler {
  nowMs(): number;
  /** Runs something later; the returned function takes it back. */
  after(delayMs: number, run: () => void): () => void;
}

/** Waits; a time that is not positive is no wait at all, not even one turn of the loop. */
export function pause(scheduler: Scheduler, delayMs: number): Promise<void> | undefined {
  if (delayMs <= 0) return undefined;
  return new Promise((resolve) => scheduler.after(delayMs, resolve));
}
