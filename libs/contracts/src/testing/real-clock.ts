import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../deliver-runs.ts';

/** The machine's own clock and timers, for logs in memory under test. */
export const realClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (ms, signal) => sleep(ms, undefined, signal && { signal }).catch(() => undefined),
  nextTurn: () => nextTurn(),
};
