import { goodput } from '@medrex/cli';
import { figure, type Bench, type Figures } from './bench.ts';
import { residentMiB, runWard } from './ward-load.ts';

const perSecond = Number(process.env['BENCH_RATE'] ?? 1_500);
const minutes = Number(process.env['BENCH_MINUTES'] ?? 5);
const ticksPerMinute = 12;

/** Whether memory stays flat while operations go through: resident memory minute by minute. */
export const bench: Bench = {
  name: 'memory',
  workload: `ward profile by /v1/batches at ${perSecond} operations/s for ${minutes} minutes, everything on; resident memory of services and load every 5 s`,
  ledger: 'embedded',
  seed: 11,
  async run(): Promise<Figures> {
    const samples: number[] = [];
    const load = { perSecond, seconds: minutes * 60, seed: 11, drainMs: 60_000 };
    const { result } = await runWard({ ...load, onTick: () => samples.push(residentMiB()) });
    const inMinute = (minute: number) => samples.slice((minute - 1) * ticksPerMinute, minute * ticksPerMinute);
    const named = Array.from({ length: minutes }, (_, at) => [
      `resident memory, minute ${at + 1}`,
      figure(inMinute(at + 1), 'MiB'),
    ]);
    return {
      ...(Object.fromEntries(named) as Figures),
      goodput: figure([goodput(result)], 'operations/s'),
      'refused at the door, dead or unanswered': figure([result.failed], 'operations'),
    };
  },
};
