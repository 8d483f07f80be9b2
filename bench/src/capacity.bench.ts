import { goodput } from '@medrex/cli';
import { figure, type Bench, type Figures } from './bench.ts';
import { runWard, type WardRun } from './ward-load.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 20);
const runs = Number(process.env['BENCH_RUNS'] ?? 3);
const from = Number(process.env['BENCH_RATE'] ?? 3_000);
const step = 500;
const latencyMaxMs = 2_000;

/** The highest sustained rate: nothing refused, and 99 % of the operations ended within two seconds of their due time. */
export const bench: Bench = {
  name: 'capacity',
  workload: `ward profile by /v1/batches, everything on, ${seconds} s at each rate from ${from} operations/s in steps of ${step}, up to the first that is not kept up`,
  ledger: 'embedded',
  seed: 7,
  async run(): Promise<Figures> {
    const best: Kept[] = [];
    for (let seed = 7; seed < 7 + runs; seed += 1) {
      const kept = await highest(seed);
      if (kept !== undefined) best.push(kept);
    }
    const of = (unit: string, value: (kept: Kept) => number) => figure(best.map(value), unit);
    return {
      'rate kept up': of('operations/s', ({ perSecond }) => perSecond),
      'goodput at it': of('operations/s', ({ run }) => goodput(run.result)),
      'latency p50 at it': of('ms', ({ run }) => run.result.latencyMs?.p50 ?? Number.NaN),
      'latency p99 at it': of('ms', ({ run }) => run.result.latencyMs?.p99 ?? Number.NaN),
      'CPU per operation at it': of('us', ({ run }) => ((run.cpuMs['process'] ?? 0) * 1_000) / run.result.offered),
    };
  },
};

interface Kept {
  readonly perSecond: number;
  readonly run: WardRun;
}

async function highest(seed: number): Promise<Kept | undefined> {
  let kept: Kept | undefined;
  for (let perSecond = from; ; perSecond += step) {
    const run = await runWard({ perSecond, seconds, seed, drainMs: 60_000 });
    const { failed, latencyMs } = run.result;
    if (failed > 0 || (latencyMs?.p99 ?? Infinity) > latencyMaxMs) return kept;
    kept = { perSecond, run };
  }
}
