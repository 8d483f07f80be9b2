import type { Scheduler } from '@medrex/ledger';

/** Real time; `nowMs` counts from the start of the process and is monotonic. */
export const systemScheduler: Scheduler = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
