import { goodput, validPercent, type SideResult } from '@medrex/cli';
import { figure, type Bench, type Figures } from './bench.ts';
import { runWard, type WardRun } from './ward-load.ts';

const perSecond = Number(process.env['BENCH_RATE'] ?? 10_000);
const seconds = Number(process.env['BENCH_SECONDS'] ?? 30);
const runs = Number(process.env['BENCH_RUNS'] ?? 3);

/** Intake to outcome with everything on: sealing, records, durable log, traces at 1 %, analyzer, all services in one process. */
export const bench: Bench = {
  name: 'sustained',
  workload: `ward profile by /v1/batches at ${perSecond} operations/s for ${seconds} s, everything on, no simulated latencies`,
  ledger: 'embedded',
  seed: 7,
  run,
};

async function run(): Promise<Figures> {
  const all: WardRun[] = [];
  for (let seed = 7; seed < 7 + runs; seed += 1)
    all.push(await runWard({ perSecond, seconds, seed, drainMs: 120_000 }));
  const of = (unit: string, value: (result: SideResult) => number) =>
    figure(
      all.map(({ result }) => value(result)),
      unit,
    );
  return {
    'operations offered': of('operations/s', ({ offeredPerSecond }) => offeredPerSecond),
    goodput: of('operations/s', goodput),
    'refused at the door, dead or unanswered': of('operations', ({ failed }) => failed),
    'VALID Fabric transactions': of('%', (result) => validPercent(result) ?? Number.NaN),
    'latency p50': of('ms', ({ latencyMs }) => latencyMs?.p50 ?? Number.NaN),
    'latency p99': of('ms', ({ latencyMs }) => latencyMs?.p99 ?? Number.NaN),
    'resident memory of services and load': figure(
      all.map(({ residentMiB }) => residentMiB),
      'MiB',
    ),
    ...cpuFigures(all),
  };
}

/** CPU time per operation of each thread; other threads are SQLite, LevelDB, garbage collection and compilation. */
function cpuFigures(all: readonly WardRun[]): Figures {
  const perOperation = ({ cpuMs, result }: WardRun, name: string) => ((cpuMs[name] ?? 0) * 1_000) / result.offered;
  const threads = Object.keys(all[0]?.cpuMs ?? {}).filter((name) => name !== 'process');
  const rest = (run: WardRun) =>
    perOperation(run, 'process') - threads.reduce((sum, name) => sum + perOperation(run, name), 0);
  return {
    ...Object.fromEntries(
      threads.map((name) => [
        `CPU per operation: ${name}`,
        figure(
          all.map((run) => perOperation(run, name)),
          'us',
        ),
      ]),
    ),
    'CPU per operation: other threads': figure(all.map(rest), 'us'),
    'CPU per operation: all': figure(
      all.map((run) => perOperation(run, 'process')),
      'us',
    ),
  };
}
