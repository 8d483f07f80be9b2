import { goodput } from '@medrex/cli';
import { figure, type Bench, type Figures } from './bench.ts';
import { residentMiB, runWard } from './ward-load.ts';

const perSecond = Number(process.env['BENCH_RATE'] ?? 1_500);
const warmUpMinutes = Number(process.env['BENCH_WARM_UP_MINUTES'] ?? 4);
const minutes = Number(process.env['BENCH_MINUTES'] ?? 5);
const ticksPerMinute = 12;

/**
 * Resident memory per minute under load, to show that it does not grow once the caches are full, i.e. after about 300,000 operations.
 * Includes all services and the load generator.
 */
export const bench: Bench = {
  name: 'memory',
  workload: `ward profile by /v1/batches at ${perSecond} operations/s, everything on; resident memory of services and load every 5 s, for ${minutes} minutes after ${warmUpMinutes}`,
  ledger: 'embedded',
  seed: 11,
  async run(): Promise<Figures> {
    const samples: number[] = [];
    const seconds = (warmUpMinutes + minutes) * 60;
    const load = { perSecond, seconds, seed: 11, drainMs: 60_000 };
    const { result } = await runWard({ ...load, onTick: () => samples.push(residentMiB()) });
    const inMinute = (minute: number) => {
      const from = (warmUpMinutes + minute - 1) * ticksPerMinute;
      return figure(samples.slice(from, from + ticksPerMinute), 'MiB');
    };
    const first = inMinute(1);
    const named = Array.from({ length: minutes }, (_, at) => [`resident memory, minute ${at + 1}`, inMinute(at + 1)]);
    return {
      ...(Object.fromEntries(named) as Figures),
      'growth from the first to the last minute': figure(
        [(100 * (inMinute(minutes).median - first.median)) / first.median],
        '%',
      ),
      goodput: figure([goodput(result)], 'operations/s'),
      'refused at the door, dead or unanswered': figure([result.failed], 'operations'),
    };
  },
};
