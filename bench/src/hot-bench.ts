import type { Bench } from './bench.ts';
import { comparisonFigures } from './compare-sides.ts';

/** Only read-modify-writes of a number of resources: the effect of contention on each client. */
export const hotBench = (resources: number): Bench => ({
  name: `hot-${resources}`,
  workload: `read-modify-write of ${resources} resources, 400 operations/s for 10 s, Zipf 1.1, network latencies, BatchTimeout 500 ms`,
  ledger: 'embedded',
  seed: 7,
  run: () =>
    comparisonFigures(
      {
        profile: `hot-${resources}`,
        rate: { kind: 'fixed', perSecond: 400 },
        seconds: 10,
        seed: 7,
        patients: 400,
        skew: 1.1,
        conflict: [],
        retries: 0,
        concurrency: 256,
        batchTimeout: 500,
        latencies: 'network',
      },
      3,
    ),
});
