import { contendedWard } from '@medrex/cli';
import type { Bench } from './bench.ts';
import { comparisonFigures } from './compare-sides.ts';

/** A longer version of the demonstration of `npm start`: a contended ward through each client. */
export const bench: Bench = {
  name: 'ward',
  workload:
    'ward profile, 1,000 operations/s for 10 s, two in five depending on one shortly before, network latencies, BatchTimeout 20 ms',
  ledger: 'embedded',
  seed: 7,
  run: () => comparisonFigures({ ...contendedWard, profile: 'ward', seconds: 10, seed: 7 }, 3),
};
