import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  EmbeddedStack,
  fabricTransactionsIn,
  ForeignWriters,
  IngestClient,
  loadTranslator,
  MedrexSide,
  openLoad,
  openVault,
  profileNamed,
  type LoadMessage,
  type SideResult,
} from '@medrex/cli';
import { figure, type Bench, type Figures } from './bench.ts';

const perSecond = 400;
const seconds = 8;
const hotKeys = 10;
const runs = 3;
const seed = 7;
/** Foreign writes per hot key and second. */
const rates = [1, 5] as const;

/** A foreign writer that writes every hot key at an even pace, and retries until each write is VALID. */
export const bench: Bench = {
  name: 'foreign-writers',
  workload: `hot-10 at ${perSecond} operations/s for ${seconds} s through all services, network latencies, BatchTimeout 20 ms, while another client writes each hot key ${rates.join(' or ')} times a second`,
  ledger: 'embedded',
  seed,
  async run(): Promise<Figures> {
    const figures: Record<string, Figures[string]> = {};
    for (const rate of rates) {
      const measured: Measured[] = [];
      for (let place = 0; place < runs; place += 1) measured.push(await measure(rate, seed + place));
      const of = (name: string, unit: string, value: (one: Measured) => number): void => {
        figures[`${rate}/s and key: ${name}`] = figure(measured.map(value), unit);
      };
      of('operations applied', '%', ({ side }) => (100 * side.applied) / side.offered);
      of('VALID foreign writes', 'writes', ({ foreignValid }) => foreignValid);
      of('our envelopes lost per VALID foreign write', 'ratio', ({ side, foreignValid }) => lost(side) / foreignValid);
      of('VALID Fabric transactions', '%', ({ side }) => (100 * side.fabric.valid) / side.fabric.submitted);
      of('latency p50', 'ms', ({ side }) => side.latencyMs?.p50 ?? Number.NaN);
      of('latency p99', 'ms', ({ side }) => side.latencyMs?.p99 ?? Number.NaN);
    }
    return figures;
  },
};

interface Measured {
  readonly side: SideResult;
  readonly foreignValid: number;
}

const lost = ({ fabric }: SideResult): number => fabric.submitted - fabric.valid;

async function measure(rate: number, runSeed: number): Promise<Measured> {
  const dataDir = await mkdtemp(join(tmpdir(), 'medrex-foreign-'));
  const stack = await EmbeddedStack.start({
    dataDir,
    channel: 'ehr',
    port: 0,
    env: { LEDGER_LATENCIES: 'network', LEDGER_BATCH_TIMEOUT_MS: '20' },
    onUnexpectedEnd: (service, code, error) => {
      console.error(`${service} ended with code ${code}`, error);
      process.exit(1);
    },
  });
  try {
    const profile = profileNamed(`hot-${hotKeys}`);
    if (profile === undefined) throw new Error(`there is no profile hot-${hotKeys}`);
    const load = openLoad({
      profile,
      rate: { kind: 'fixed', perSecond },
      seconds,
      seed: runSeed,
      patients: 400,
      skew: 1.1,
      injections: [],
      startMs: Date.now(),
    });
    const orderer = stack.urls['orderer-dag'] ?? {};
    const vault = await openVault(dataDir);
    const writers = new ForeignWriters({
      ordererUrl: orderer['model'] ?? '',
      chaincode: 'medrex',
      tries: 50,
      translate: await loadTranslator(vault, 'ehr'),
    });
    const pace = new EvenPace(load.setup, rate, (message) => writers.write(message));
    const side = new MedrexSide({
      client: new IngestClient(stack.urls['ingest']?.['api'] ?? ''),
      fabricTransactions: async () => fabricTransactionsIn(await (await fetch(orderer['metrics'] ?? '')).text()),
      seconds,
      drainMs: 20_000,
      onProgress: () => pace.begin(),
    });
    const result = await side.run(load);
    pace.end();
    await writers.settled();
    await vault.close();
    return { side: result, foreignValid: writers.counts.valid };
  } finally {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** Writes the resources in turn, each `rate` times per second, while the load is sent. */
class EvenPace {
  readonly #resources: readonly LoadMessage[];
  readonly #everyMs: number;
  readonly #write: (message: LoadMessage) => void;
  #timer: NodeJS.Timeout | undefined;
  #written = 0;

  constructor(resources: readonly LoadMessage[], rate: number, write: (message: LoadMessage) => void) {
    this.#resources = resources;
    this.#everyMs = 1_000 / (rate * resources.length);
    this.#write = write;
  }

  /** Starts with the first message of the load; later calls do nothing. */
  begin(): void {
    if (this.#timer !== undefined) return;
    const startMs = performance.now();
    this.#timer = setInterval(() => {
      for (const due = (performance.now() - startMs) / this.#everyMs; this.#written < due; this.#written += 1) {
        const resource = this.#resources[this.#written % this.#resources.length];
        if (resource !== undefined)
          this.#write({ ...resource, id: `foreign-${this.#written}`, time: new Date().toISOString() });
      }
    }, 5);
  }

  end(): void {
    clearInterval(this.#timer);
  }
}
