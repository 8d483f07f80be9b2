import type { Bench } from './bench.ts';
import { comparisonFigures } from './compare-sides.ts';

/** The table of the README: a contended ward through each client. */
export const bench: Bench = {
  name: 'ward',
  workload: 'ward profile, 500 operations/s for 10 s, Zipf 1.1, network latencies, BatchTimeout 20 ms',
  ledger: 'embedded',
  seed: 7,
  run: () =>
    comparisonFigures(
      {
        ...{ profile: 'ward', rate: { kind: 'fixed', perSecond: 500 }, seconds: 10, seed: 7, patients: 400, skew: 1.1 },
        ...{ retries: 10, concurrency: 256, batchTimeout: 20, latencies: 'network' },
      },
      3,
    ),
};
