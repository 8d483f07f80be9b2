import { randomBytes } from 'node:crypto';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';
import { IngestClient } from '../client/ingest-client.ts';
import { rateText } from '../load/arrivals.ts';
import { injectionText } from '../load/conflict-injector.ts';
import { openLoad, type LoadOptions } from '../load/load-stream.ts';
import type { Progress } from '../terminal/progress.ts';
import { fabricTransactionsIn } from './fabric-metrics.ts';
import { MedrexSide } from './medrex-side.ts';
import { runPlainSide, type ModelSetting } from './plain-side.ts';
import type { Comparison } from './report.ts';
import type { SideResult } from './side-result.ts';
import { loadTranslator } from './translate-load.ts';

export interface CompareOptions {
  readonly load: LoadOptions;
  readonly model: ModelSetting;
  /** Maximum Fabric transactions that a plain client has in flight. */
  readonly concurrency: number;
  /** Retries of the retrying client; undefined omits that client. */
  readonly retries: number | undefined;
  /** A running Medrex: its API and the metrics of its block constructor. */
  readonly medrex: { readonly apiUrl: string; readonly ordererMetricsUrl: string; readonly ledger: string };
  /** When aborted, the current client stops early and no other one is started. */
  readonly signal: AbortSignal;
  /** Called before each client with its name and a function that describes its progress. */
  readonly announce: (client: string, describe: () => string) => Pick<Progress, 'done'>;
}

/** Runs the same input through each client, one after another, so that they do not compete for the machine. */
export async function compare(options: CompareOptions): Promise<Comparison> {
  const { profile, seconds, seed, skew, patients } = options.load;
  const sides: SideResult[] = [];
  sides.push(await plain('plain client', 0, options));
  if (options.retries !== undefined && !options.signal.aborted)
    sides.push(await plain(`retrying client (${options.retries})`, options.retries, options));
  if (!options.signal.aborted) sides.push(await medrex(options));
  const workload = {
    profile: profile.name,
    rate: rateText(options.load.rate),
    seconds,
    seed,
    skew,
    patients,
    ...(options.load.injections.length > 0 && { conflicts: options.load.injections.map(injectionText).join(' ') }),
    'BatchTimeout ms': options.model.batchTimeoutMs,
    latencies: options.model.latencies,
  };
  return { workload, ledger: options.medrex.ledger, sides };
}

async function plain(name: string, retries: number, options: CompareOptions): Promise<SideResult> {
  const { load, model, concurrency, announce, signal } = options;
  let ended = 0;
  const progress = announce(name, () => `${name}: ${ended} operations ended`);
  try {
    return await runPlainSide(openLoad(load), {
      name,
      retries,
      concurrency,
      model,
      seed: load.seed,
      seconds: load.seconds,
      translate: await loadTranslator(new InMemoryPatientVault({ random: randomBytes }), 'ehr'),
      onProgress: (count) => (ended = count),
      signal,
    });
  } finally {
    progress.done();
  }
}

async function medrex({
  load,
  medrex: { apiUrl, ordererMetricsUrl },
  announce,
  signal,
}: CompareOptions): Promise<SideResult> {
  let sent = 0;
  let ended = 0;
  const progress = announce('Medrex', () => `Medrex: ${sent} operations sent, ${ended} ended`);
  const side = new MedrexSide({
    client: new IngestClient(apiUrl),
    fabricTransactions: async () => fabricTransactionsIn(await (await fetch(ordererMetricsUrl)).text()),
    seconds: load.seconds,
    drainMs: 30_000,
    signal,
    onProgress: (nowSent, nowEnded) => {
      sent = nowSent;
      ended = nowEnded;
    },
  });
  try {
    return await side.run(openLoad(load));
  } finally {
    progress.done();
  }
}
