import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EmbeddedStack,
  fabricTransactionsIn,
  goodput,
  IngestClient,
  MedrexSide,
  openLoad,
  profileNamed,
  validPercent,
  type SideResult,
} from '@medrex/cli';
import { figure, type Bench, type Figures } from './bench.ts';

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
  const results: SideResult[] = [];
  const memory: number[] = [];
  for (let seed = 7; seed < 7 + runs; seed += 1) {
    const { result, residentMiB } = await once(seed);
    results.push(result);
    memory.push(residentMiB);
  }
  const of = (unit: string, value: (result: SideResult) => number) => figure(results.map(value), unit);
  return {
    'operations offered': of('operations/s', ({ offeredPerSecond }) => offeredPerSecond),
    goodput: of('operations/s', goodput),
    'without an outcome': of('operations', ({ failed }) => failed),
    'VALID Fabric transactions': of('%', (result) => validPercent(result) ?? Number.NaN),
    'latency p50': of('ms', ({ latencyMs }) => latencyMs?.p50 ?? Number.NaN),
    'latency p99': of('ms', ({ latencyMs }) => latencyMs?.p99 ?? Number.NaN),
    'resident memory of services and load': figure(memory, 'MiB'),
  };
}

async function once(seed: number): Promise<{ readonly result: SideResult; readonly residentMiB: number }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'medrex-sustained-'));
  const stack = await EmbeddedStack.start({
    ...{ dataDir, channel: 'ehr', port: 0, env: {} },
    onUnexpectedEnd: (service, code, error) => {
      console.error(`${service} ended with code ${code}`, error);
      process.exit(1);
    },
  });
  try {
    const profile = profileNamed('ward');
    if (profile === undefined) throw new Error('there is no ward profile');
    const side = new MedrexSide({
      client: new IngestClient(stack.urls['ingest']?.['api'] ?? ''),
      fabricTransactions: async () =>
        fabricTransactionsIn(await (await fetch(stack.urls['orderer-dag']?.['metrics'] ?? '')).text()),
      ...{ seconds, drainMs: 60_000 },
    });
    const startMs = Date.now();
    const result = await side.run(
      openLoad({
        profile,
        rate: { kind: 'fixed', perSecond },
        seconds,
        seed,
        patients: 2000,
        skew: 1.1,
        injections: [],
        startMs,
      }),
    );
    return { result, residentMiB: process.memoryUsage.rss() / 1024 / 1024 };
  } finally {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
