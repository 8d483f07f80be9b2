import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EmbeddedStack,
  fabricTransactionsIn,
  IngestClient,
  MedrexSide,
  openLoad,
  profileNamed,
  type SideResult,
} from '@medrex/cli';

export interface WardLoad {
  readonly perSecond: number;
  readonly seconds: number;
  readonly seed: number;
  readonly drainMs: number;
  /** Called every five seconds while the load runs. */
  readonly onTick?: () => void;
}

export interface WardRun {
  readonly result: SideResult;
  readonly residentMiB: number;
  /** CPU time during the load, in ms: of each service's main thread, of the load generator, and of the whole process. */
  readonly cpuMs: Readonly<Record<string, number>>;
}

/** Runs the ward profile through `/v1/batches` of a new stack, with all features on, in this process. */
export async function runWard({ perSecond, seconds, seed, drainMs, onTick }: WardLoad): Promise<WardRun> {
  const dataDir = await mkdtemp(join(tmpdir(), 'medrex-bench-'));
  const stack = await EmbeddedStack.start({
    dataDir,
    channel: 'ehr',
    port: 0,
    env: {},
    onUnexpectedEnd: (service, code, error) => {
      console.error(`${service} ended with code ${code}`, error);
      process.exit(1);
    },
  });
  const ticking = setInterval(() => onTick?.(), 5_000);
  try {
    const profile = profileNamed('ward');
    if (profile === undefined) throw new Error('there is no ward profile');
    const side = new MedrexSide({
      client: new IngestClient(stack.urls['ingest']?.['api'] ?? ''),
      fabricTransactions: async () =>
        fabricTransactionsIn(await (await fetch(stack.urls['orderer-dag']?.['metrics'] ?? '')).text()),
      seconds,
      drainMs,
    });
    const load = openLoad({
      profile,
      rate: { kind: 'fixed', perSecond },
      seconds,
      seed,
      patients: 2000,
      skew: 1.1,
      injections: [],
      startMs: Date.now(),
    });
    const before = await cpuOf(stack);
    const result = await side.run(load);
    const after = await cpuOf(stack);
    const cpuMs = Object.fromEntries(Object.entries(after).map(([name, ms]) => [name, ms - (before[name] ?? 0)]));
    return { result, residentMiB: residentMiB(), cpuMs };
  } finally {
    clearInterval(ticking);
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

export function residentMiB(): number {
  return process.memoryUsage.rss() / 1024 / 1024;
}

const milliseconds = ({ user, system }: NodeJS.CpuUsage): number => (user + system) / 1_000;

async function cpuOf(stack: EmbeddedStack): Promise<Readonly<Record<string, number>>> {
  const all = { 'load generator': milliseconds(process.threadCpuUsage()), process: milliseconds(process.cpuUsage()) };
  return { ...(await stack.cpuMs()), ...all };
}
