import {
  EmbeddedStack,
  fabricTransactionsIn,
  IngestClient,
  MedrexSide,
  openVault,
  realStack,
  type Load,
  type SideResult,
} from '@medrex/cli';
import type { BenchNetwork } from '../fabric/bench-network.ts';
import { channel, ForeignSide } from './gateway-side.ts';
import type { Measured } from './side.ts';

export interface MedrexOptions {
  readonly seconds: number;
  /** How long to wait for the last outcomes, in ms. */
  readonly drainMs?: number;
  readonly foreignPerSecond?: number;
  /** Start and end of the burst, in s from the start of the load; recovery is measured from its end. */
  readonly burst?: { readonly atSecond: number; readonly endSecond: number };
}

/** Runs a load through all services of Medrex, which are started and stopped for it. */
export function medrexSide(network: BenchNetwork, load: Load, options: MedrexOptions): Promise<SideMeasured> {
  return withServices(network, (running) => loaded(running, network, load, options));
}

/** Runs a load through running services. */
export async function loaded(
  { client, fabricTransactions, env }: Running,
  network: BenchNetwork,
  load: Load,
  options: MedrexOptions,
): Promise<SideMeasured> {
  const foreign = await foreignOf(network, load, options, env);
  const outcomes = new Outcomes();
  const side = new MedrexSide({
    client,
    fabricTransactions,
    seconds: options.seconds,
    drainMs: options.drainMs ?? 60_000,
    onProgress: () => foreign?.begin(),
    onEnded: ({ atMs, message }, ms) => outcomes.add(atMs, ms, message.resource.resourceType === 'MedicationRequest'),
  });
  const result = await side.run(load);
  const written = await foreign?.ended();
  const cpoe = outcomes.cpoe();
  const recoverySeconds = options.burst && outcomes.recovery(options.burst);
  return {
    result,
    ...(cpoe !== undefined && { cpoe }),
    ...(written !== undefined && { foreign: written }),
    ...(recoverySeconds !== undefined && { recoverySeconds }),
  };
}

type SideMeasured = Omit<Measured, 'name' | 'cpu'>;

/** URLs and vault of running services. */
export interface Running {
  readonly client: IngestClient;
  readonly fabricTransactions: () => Promise<SideResult['fabric']>;
  readonly env: Readonly<Record<string, string>>;
}

/** Runs all services of Medrex on this network, as threads of this process, during the work. */
export async function withServices<T>(network: BenchNetwork, work: (running: Running) => Promise<T>): Promise<T> {
  const { env, dataDir } = realStack(network.folder);
  const services = await EmbeddedStack.start({
    dataDir,
    channel,
    port: 0,
    env,
    onUnexpectedEnd: (service, code, error) => {
      console.error(`${service} ended with code ${code}`, error);
      process.exit(1);
    },
  });
  try {
    const metrics = services.urls['orderer-dag']?.['metrics'] ?? '';
    return await work({
      client: new IngestClient(services.urls['ingest']?.['api'] ?? ''),
      fabricTransactions: async () => fabricTransactionsIn(await (await fetch(metrics)).text()),
      env,
    });
  } finally {
    await services.stop();
  }
}

async function foreignOf(
  network: BenchNetwork,
  load: Load,
  { foreignPerSecond, seconds }: MedrexOptions,
  env: Running['env'],
): Promise<ForeignSide | undefined> {
  if (foreignPerSecond === undefined) return undefined;
  // The vault of ingest, so that the foreign writer writes the same patients.
  const vault = await openVault('', { ...process.env, ...env });
  try {
    return await ForeignSide.of(network, vault, { setup: load.setup, perSecond: foreignPerSecond, seconds });
  } finally {
    await vault.close();
  }
}

/** Collects latencies by class and by time. */
class Outcomes {
  readonly #orders: number[] = [];
  /** Highest latency of the operations due in each second, in ms. */
  readonly #slowest: number[] = [];

  add(atMs: number, ms: number, isOrder: boolean): void {
    if (isOrder) this.#orders.push(ms);
    const second = Math.floor(atMs / 1_000);
    this.#slowest[second] = Math.max(this.#slowest[second] ?? 0, ms);
  }

  cpoe(): { readonly p50: number; readonly p99: number } | undefined {
    if (this.#orders.length === 0) return undefined;
    const sorted = this.#orders.toSorted((one, other) => one - other);
    const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
    return { p50: at(0.5), p99: at(0.99) };
  }

  /** Seconds from the end of the burst until the latency is again within twice that before the burst; undefined if it never is. */
  recovery({ atSecond, endSecond }: { readonly atSecond: number; readonly endSecond: number }): number | undefined {
    const before = Math.max(...this.#slowest.slice(Math.floor(atSecond / 2), atSecond), 100);
    const back = this.#slowest.findIndex((ms, second) => second >= endSecond && ms <= 2 * before);
    return back < 0 ? undefined : back - endSecond;
  }
}
