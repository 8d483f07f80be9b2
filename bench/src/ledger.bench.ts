import { randomBytes } from 'node:crypto';
import {
  EmbeddedStack,
  fabricTransactionsIn,
  goodput,
  IngestClient,
  loadTranslator,
  MedrexSide,
  openLoad,
  PlainClient,
  profileNamed,
  realStack,
  runSetup,
  seededRandom,
  validPercent,
  type Load,
  type PlainOperation,
  type SideResult,
} from '@medrex/cli';
import { FabricLedger } from '@medrex/fabric';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';
import { figure, type Bench, type Figures } from './bench.ts';
import { BenchNetwork } from './fabric/bench-network.ts';
import { GatewayClient } from './fabric/gateway-client.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
const runs = Number(process.env['BENCH_RUNS'] ?? 1);
const batchTimeout = process.env['BENCH_BATCH_TIMEOUT'] ?? '20ms';
const channel = 'ehr';
const seed = 7;

interface Workload {
  readonly name: string;
  readonly profile: string;
  readonly skew: number;
  /** Offered to every client. */
  readonly perSecond: number;
  /** Offered to Medrex once more, alone. */
  readonly more: number;
}

const workloads: readonly Workload[] = [
  { name: 'ward', profile: 'ward', skew: 1.1, perSecond: 400, more: 2_000 },
  { name: 'hot-10', profile: 'hot-10', skew: 1.1, perSecond: 400, more: 2_000 },
  { name: 'hot-1000', profile: 'hot-1000', skew: 1.1, perSecond: 400, more: 2_000 },
  { name: 'uniform', profile: 'hot-1000', skew: 0, perSecond: 400, more: 2_000 },
];

/**
 * Real Kafka, real Fabric, real PostgreSQL, on this machine beside the load: Fabric's gateway client, the same with retries, and
 * Medrex. Fabric's version comes from the binaries; `BENCH_BATCH_TIMEOUT=500ms` is the other setting.
 */
export const bench: Bench = {
  name: 'ledger',
  workload: `through Kafka and Fabric for ${seconds} s, BatchTimeout ${batchTimeout}, one peer, one orderer, every process on this machine; ${workloads.map(({ name, perSecond, more }) => `${name} ${perSecond}/s (Medrex also ${more}/s)`).join(', ')}`,
  ledger: `fabric ${process.env['FABRIC_VERSION'] ?? '3.1.5'}`,
  seed,
  run,
};

interface Measured {
  readonly name: string;
  readonly result: SideResult;
  readonly cpu: Readonly<Record<string, number>>;
}

async function run(): Promise<Figures> {
  const network = await BenchNetwork.up(batchTimeout);
  const measured: Measured[] = [];
  try {
    if (bench.ledger !== `fabric ${network.fabricVersion}`)
      throw new Error(`the peers are Fabric ${network.fabricVersion}: set FABRIC_VERSION to it`);
    for (let at = 0; at < runs; at += 1)
      for (const workload of workloads) measured.push(...(await clients(network, workload, seed + at)));
  } finally {
    await network.down();
  }
  return figuresOf(measured);
}

async function clients(network: BenchNetwork, workload: Workload, runSeed: number): Promise<Measured[]> {
  const all: Measured[] = [];
  const measure = async (client: string, work: () => Promise<SideResult>): Promise<void> => {
    const before = await network.cpuSeconds();
    const result = await work();
    const after = await network.cpuSeconds();
    const cpu = Object.fromEntries(Object.entries(after).map(([name, spent]) => [name, spent - (before[name] ?? 0)]));
    all.push({ name: `${workload.name}: ${client}`, result, cpu });
    console.error(`  ${workload.name}: ${client}: ${goodput(result).toFixed(0)} operations/s`);
  };
  await measure('gateway client', () => plain(network, loadOf(workload, workload.perSecond, runSeed), 0, runSeed));
  await measure('retrying gateway client', () =>
    plain(network, loadOf(workload, workload.perSecond, runSeed + 100), 10, runSeed),
  );
  await measure('Medrex', () => medrex(network, loadOf(workload, workload.perSecond, runSeed + 200)));
  await measure(`Medrex at ${workload.more}/s`, () => medrex(network, loadOf(workload, workload.more, runSeed + 300)));
  return all;
}

function loadOf({ profile: name, skew }: Workload, perSecond: number, runSeed: number): Load {
  const profile = profileNamed(name);
  if (profile === undefined) throw new Error(`there is no profile ${name}`);
  return openLoad({
    ...{ profile, rate: { kind: 'fixed', perSecond }, seconds, seed: runSeed, patients: 400, skew, injections: [] },
    startMs: Date.now(),
  });
}

/** Each client has a vault of its own, so that no two meet on a key. */
async function plain(network: BenchNetwork, load: Load, retries: number, runSeed: number): Promise<SideResult> {
  const ledger = await FabricLedger.open({ profile: network.profile, channel });
  const gateway = new GatewayClient(network.profile, channel, 'medrex');
  const translate = await loadTranslator(new InMemoryPatientVault({ random: randomBytes }), channel);
  try {
    await runSetup(ledger, load.setup, translate);
    const operations: PlainOperation[] = [];
    for (const { atMs, message } of load.stream())
      for (const item of await translate(message)) operations.push({ atMs, item });
    const name = retries === 0 ? 'gateway client' : `retrying gateway client (${retries})`;
    const client = new PlainClient({
      ...{ name, ledger: gateway, blocks: ledger, chaincode: 'medrex', retries },
      // What a peer's gateway takes at once is 500.
      ...{ concurrency: 256, random: seededRandom(runSeed), signal: AbortSignal.timeout(3_000 * seconds) },
    });
    return await client.run(operations, seconds);
  } finally {
    await gateway.close();
    await ledger.close();
  }
}

async function medrex(network: BenchNetwork, load: Load): Promise<SideResult> {
  const { env, dataDir } = realStack(network.folder);
  const services = await EmbeddedStack.start({
    ...{ dataDir, channel, port: 0, env },
    onUnexpectedEnd: (service, code, error) => {
      console.error(`${service} ended with code ${code}`, error);
      process.exit(1);
    },
  });
  try {
    const metrics = services.urls['orderer-dag']?.['metrics'] ?? '';
    const side = new MedrexSide({
      client: new IngestClient(services.urls['ingest']?.['api'] ?? ''),
      fabricTransactions: async () => fabricTransactionsIn(await (await fetch(metrics)).text()),
      ...{ seconds, drainMs: 60_000 },
    });
    return await side.run(load);
  } finally {
    await services.stop();
  }
}

/** Operations and Fabric transactions apart; CPU time of each process by operation. */
function figuresOf(all: readonly Measured[]): Figures {
  const figures: Record<string, Figures[string]> = {};
  for (const name of new Set(all.map((one) => one.name))) {
    const own = all.filter((one) => one.name === name);
    const of = (what: string, unit: string, value: (one: Measured) => number | undefined): void => {
      const samples = own.flatMap((one) => value(one) ?? []);
      if (samples.length > 0) figures[`${name}: ${what}`] = figure(samples, unit);
    };
    of('goodput', 'operations/s', ({ result }) => goodput(result));
    of('operations lost or failed', 'operations', ({ result }) => result.lostToConflict + result.failed);
    of('operations rejected', 'operations', ({ result }) => result.rejected);
    of('VALID Fabric transactions', '%', ({ result }) => validPercent(result));
    of('Fabric transactions', 'transactions', ({ result }) => result.fabric.submitted);
    of('latency p50', 'ms', ({ result }) => result.latencyMs?.p50);
    of('latency p95', 'ms', ({ result }) => result.latencyMs?.p95);
    of('latency p99', 'ms', ({ result }) => result.latencyMs?.p99);
    for (const process of Object.keys(own[0]?.cpu ?? {}))
      of(`CPU per operation: ${process}`, 'ms', ({ cpu, result }) => ((cpu[process] ?? 0) * 1_000) / result.offered);
  }
  return figures;
}
