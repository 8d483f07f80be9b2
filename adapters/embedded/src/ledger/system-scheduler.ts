import type { Scheduler } from '@medrex/ledger';

/** Real time; `nowMs` counts from the start of the process and never goes back. */
export const systemScheduler: Scheduler = {
  nowMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};
