import { goodput, validPercent } from '@medrex/cli';
import { figure, type Bench, type Figures } from './bench.ts';
import { BenchNetwork } from './fabric/bench-network.ts';
import { SecondChaincode } from './fabric/second-chaincode.ts';
import { gatewaySide } from './ledger/gateway-side.ts';
import { loaded, medrexSide, withServices } from './ledger/medrex-side.ts';
import { perTransactionSide } from './ledger/per-transaction-side.ts';
import { measured, type Measured } from './ledger/side.ts';
import { loadOf, workloads, type Workload } from './ledger/workloads.ts';

const seconds = Number(process.env['BENCH_SECONDS'] ?? 10);
const runs = Number(process.env['BENCH_RUNS'] ?? 1);
const perSecond = Number(process.env['BENCH_RATE'] ?? 400);
/** Duration of the loads of part `targets`, in s. */
const longSeconds = Number(process.env['BENCH_LONG_SECONDS'] ?? 60);
/** Warm-up, after which the hot code of Medrex and Kafka is compiled, in s. */
const warmUpSeconds = Number(process.env['BENCH_WARM_UP_SECONDS'] ?? 45);
/** Folder of the programs of Fabric 2.5, whose peers do not support batch messages. */
const olderBin = process.env['FABRIC_OLDER_BIN'];
const seed = 7;

/** The parts of the benchmark, each with its own network. */
const parts = {
  /** All clients on all workloads, with the same load. */
  clients: { batchTimeout: '20ms', run: (network) => each((run) => clients(network, run)) },
  /** The workloads of the performance targets. */
  targets: { batchTimeout: '20ms', run: (network) => targets(network) },
  slow: { batchTimeout: '500ms', run: (network) => each((run) => clients(network, run, ', BatchTimeout 500 ms')) },
  older: { batchTimeout: '20ms', bin: olderBin, run: (network) => each((run) => older(network, run)) },
} satisfies Record<string, Part>;

interface Part {
  readonly batchTimeout: string;
  /** Folder of Fabric's programs; by default those on PATH. */
  readonly bin?: string | undefined;
  readonly run: (network: BenchNetwork) => Promise<Measured[]>;
}

const chosen = (process.env['BENCH_PARTS'] ?? 'clients,targets,slow,older').split(',') as (keyof typeof parts)[];

/**
 * Compares Fabric's gateway client, the same with retries, Medrex in per-transaction mode, and Medrex, on real Kafka, Fabric and
 * PostgreSQL on this machine. `BENCH_PARTS` selects parts; `FABRIC_OLDER_BIN` is the folder of Fabric 2.5.
 */
export const bench: Bench = {
  name: 'ledger',
  workload: `through Kafka and Fabric, one peer, one orderer, every process on this machine, BatchTimeout 20 ms where nothing else is said; clients: ${perSecond}/s for ${seconds} s on ${workloads.map(({ name }) => name).join('; ')}; targets: for ${longSeconds} s, after ${warmUpSeconds} s at 600/s`,
  ledger: `fabric ${process.env['FABRIC_VERSION'] ?? '3.1.5'}`,
  seed,
  run,
};

async function run(): Promise<Figures> {
  const all: Measured[] = [];
  for (const name of chosen) {
    if (!Object.hasOwn(parts, name)) throw new Error(`there is no part ${name}: ${Object.keys(parts).join(', ')}`);
    const part: Part = parts[name];
    if (name === 'older' && part.bin === undefined) {
      console.error('  older: left out, FABRIC_OLDER_BIN names no programs of Fabric 2.5');
      continue;
    }
    const network = await BenchNetwork.up(part.batchTimeout, part.bin);
    try {
      if (name !== 'older' && bench.ledger !== `fabric ${network.fabricVersion}`)
        throw new Error(`the peers are Fabric ${network.fabricVersion}: set FABRIC_VERSION to it`);
      all.push(...(await part.run(network)));
    } finally {
      await network.down();
    }
  }
  return figuresOf(all);
}

async function each(one: (run: number) => Promise<Measured[]>): Promise<Measured[]> {
  const all: Measured[] = [];
  for (let at = 0; at < runs; at += 1) all.push(...(await one(seed + 1_000 * at)));
  return all;
}

async function clients(network: BenchNetwork, runSeed: number, suffix = ''): Promise<Measured[]> {
  const second = await SecondChaincode.deploy(network.profile);
  network.more.set('second chaincode', second.pid);
  try {
    return await clientsBeside(network, second.name, runSeed, suffix);
  } finally {
    network.more.clear();
    await second.stop();
  }
}

async function clientsBeside(
  network: BenchNetwork,
  chaincode: string,
  runSeed: number,
  suffix: string,
): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const [place, workload] of workloads.entries()) {
    const load = (client: number) =>
      loadOf(workload, { kind: 'fixed', perSecond }, seconds, runSeed + 100 * place + client);
    const take = async (client: string, work: Parameters<typeof measured>[2]): Promise<void> => {
      all.push(await measured(network, `${workload.name}${suffix}: ${client}`, work));
    };
    if (workload.foreignPerSecond === undefined) {
      const gateway = { seconds, seed: runSeed };
      await take('gateway client', async () => ({
        result: await gatewaySide(network, load(0), { ...gateway, retries: 0 }),
      }));
      await take('retrying gateway client', async () => ({
        result: await gatewaySide(network, load(1), { ...gateway, retries: 10 }),
      }));
      await take('Medrex per transaction', () => perTransactionSide(network, load(2), { seconds, chaincode }));
    }
    await take('Medrex', () => medrexSide(network, load(3), optionsOf(workload)));
  }
  return all;
}

function optionsOf({ foreignPerSecond }: Workload): Parameters<typeof medrexSide>[2] {
  return { seconds, ...(foreignPerSecond !== undefined && { foreignPerSecond }) };
}

/** The performance targets, measured on warm services, as the first half minute of a process is not representative. */
function targets(network: BenchNetwork): Promise<Measured[]> {
  const [ward, hot] = workloads as readonly [Workload, Workload];
  return withServices(network, async (running) => {
    const options = { drainMs: 180_000 };
    const warmUp = loadOf(ward, { kind: 'fixed', perSecond: 600 }, warmUpSeconds, seed);
    await loaded(running, network, warmUp, { ...options, seconds: warmUpSeconds });
    const at = (workload: Workload, rate: number): Promise<Measured> =>
      measured(network, `${workload.name} at ${rate}/s`, () =>
        loaded(running, network, loadOf(workload, { kind: 'fixed', perSecond: rate }, longSeconds, seed + rate), {
          ...options,
          seconds: longSeconds,
        }),
      );
    const all = [await at(ward, 500), await at(ward, 1_000)];
    const [quiet, forSeconds] = [perSecond / 4, longSeconds / 2];
    const burst = { kind: 'burst', perSecond: quiet, factor: 10, atSecond: forSeconds / 2, forSeconds } as const;
    const lasts = 3 * forSeconds;
    all.push(
      await measured(network, `ward, burst from ${quiet}/s to ten times that for ${forSeconds} s`, () =>
        loaded(running, network, loadOf(ward, burst, lasts, seed + 1), {
          ...options,
          seconds: lasts,
          burst: { atSecond: burst.atSecond, endSecond: burst.atSecond + forSeconds },
        }),
      ),
    );
    all.push(await at(hot, 3_000), await at(ward, 5_000));
    return all;
  });
}

async function older(network: BenchNetwork, runSeed: number): Promise<Measured[]> {
  const all: Measured[] = [];
  for (const [place, workload] of workloads.entries()) {
    const load = loadOf(workload, { kind: 'fixed', perSecond }, seconds, runSeed + 100 * place);
    const name = `${workload.name}: Medrex on Fabric ${network.fabricVersion}, stock shim`;
    all.push(await measured(network, name, () => medrexSide(network, load, optionsOf(workload))));
  }
  return all;
}

/** Figures of operations and of Fabric transactions, and CPU time per operation of each process. */
function figuresOf(all: readonly Measured[]): Figures {
  const figures: Record<string, Figures[string]> = {};
  for (const name of new Set(all.map((one) => one.name))) {
    const own = all.filter((one) => one.name === name);
    const of = (what: string, unit: string, value: (one: Measured) => number | undefined): void => {
      const samples = own.flatMap((one) => value(one) ?? []);
      if (samples.length > 0) figures[`${name}: ${what}`] = figure(samples, unit);
    };
    of('operations offered', 'operations/s', ({ result }) => result.offeredPerSecond);
    of('goodput', 'operations/s', ({ result }) => goodput(result));
    of(
      'operations lost, refused at the door, dead or unanswered',
      'operations',
      ({ result }) => result.lostToConflict + result.failed,
    );
    of('operations rejected', 'operations', ({ result }) => result.rejected);
    of('VALID Fabric transactions', '%', ({ result }) => validPercent(result));
    of('Fabric transactions', 'transactions', ({ result }) => result.fabric.submitted);
    of('latency p50', 'ms', ({ result }) => result.latencyMs?.p50);
    of('latency p95', 'ms', ({ result }) => result.latencyMs?.p95);
    of('latency p99', 'ms', ({ result }) => result.latencyMs?.p99);
    of('CPOE latency p50', 'ms', ({ cpoe }) => cpoe?.p50);
    of('CPOE latency p99', 'ms', ({ cpoe }) => cpoe?.p99);
    of('VALID foreign writes', 'writes', ({ foreign }) => foreign?.applied);
    of('recovery after the burst', 's', ({ recoverySeconds }) => recoverySeconds);
    for (const process of Object.keys(own[0]?.cpu ?? {}))
      of(`CPU per operation: ${process}`, 'ms', ({ cpu, result }) => ((cpu[process] ?? 0) * 1_000) / result.offered);
  }
  return figures;
}
