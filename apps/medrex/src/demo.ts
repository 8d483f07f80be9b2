import { readdirSync } from 'node:fs';
import { resolve } from 'node:path';
import { IngestClient } from './client/ingest-client.ts';
import { embeddedLedgerLabel } from './commands/defaults.ts';
import { compare } from './compare/compare.ts';
import { comparisonTable, type Comparison } from './compare/report.ts';
import { profileNamed } from './load/profiles/index.ts';
import { replay, type FileResult } from './replay/replay.ts';
import type { StackUrls } from './stack/embedded-stack.ts';
import { Progress } from './terminal/progress.ts';

/** The sample bundles in the repository. */
const bundles = resolve(import.meta.dirname, '..', '..', '..', 'data', 'synthea-r4');

/**
 * A ward in which two in five messages read and write a key that one of the eight messages before wrote, e.g. an order changed while its
 * dose is given, or a corrected result. In the form of flags of `medrex bench compare`.
 */
export const contendedWard = {
  rate: { kind: 'fixed', perSecond: 1_000 },
  patients: 120,
  skew: 1.1,
  conflict: [{ edge: 'RAW', probability: 0.4, gap: 8 }],
  batchTimeout: 20,
  latencies: 'network',
  concurrency: 256,
  retries: 10,
} as const;

export interface DemoResult {
  readonly replayed: readonly FileResult[];
  readonly comparison: Comparison;
}

/** The demonstration: replays FHIR bundles, then runs a contended ward through plain clients and through Medrex. Takes under a minute. */
export async function demonstrate(urls: StackUrls, signal: AbortSignal): Promise<DemoResult> {
  const apiUrl = urls['ingest']?.['api'] ?? '';
  const replayed = await replayBundles(apiUrl, signal);
  const { rate, patients, skew, conflict, batchTimeout, latencies, concurrency, retries } = contendedWard;
  const comparison = await compare({
    load: {
      profile: profileNamed('ward') ?? missing(),
      rate,
      seconds: 6,
      seed: 7,
      patients,
      skew,
      injections: conflict,
      startMs: Date.now(),
    },
    model: { batchTimeoutMs: batchTimeout, maxMessageCount: 500, latencies },
    concurrency,
    retries,
    medrex: { apiUrl, ordererMetricsUrl: urls['orderer-dag']?.['metrics'] ?? '', ledger: embeddedLedgerLabel },
    signal,
    announce: (_client, describe) => new Progress(describe),
  });
  return { replayed, comparison };
}

function missing(): never {
  throw new Error('the ward profile is not there');
}

async function replayBundles(apiUrl: string, signal: AbortSignal): Promise<readonly FileResult[]> {
  const paths = readdirSync(bundles).flatMap((name) => (name.endsWith('.json.gz') ? [resolve(bundles, name)] : []));
  let done = 0;
  const progress = new Progress(() => `replaying ${done} of ${paths.length} Synthea patients`);
  try {
    return await replay({
      client: new IngestClient(apiUrl),
      paths,
      concurrency: 4,
      signal,
      onFile: (_result, count) => (done = count),
    });
  } finally {
    progress.done();
  }
}

/** The result as text for the terminal. */
export function demoText({ replayed, comparison }: DemoResult): string {
  const resources = replayed.reduce((sum, file) => sum + file.resources, 0);
  const applied = replayed.filter(({ status }) => status === 'applied').length;
  const failed = replayed.filter(({ status }) => status !== 'applied');
  return [
    `Replayed ${applied} of ${replayed.length} Synthea patients: ${resources} FHIR resources on the ledger, one Fabric operation per patient.`,
    ...failed.map(({ name, status, detail }) => `  ${name}: ${status}${detail === undefined ? '' : `, ${detail}`}`),
    '',
    'A contended ward (two in five messages change a key that a recent message changed), without and with Medrex:',
    comparisonTable(comparison),
  ].join('\n');
}
