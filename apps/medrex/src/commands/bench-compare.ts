import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compare } from '../compare/compare.ts';
import { comparisonTable, type Comparison } from '../compare/report.ts';
import { EmbeddedStack } from '../stack/embedded-stack.ts';
import { interrupted } from '../terminal/interrupted.ts';
import { Progress } from '../terminal/progress.ts';
import { defaults, embeddedLedgerLabel } from './defaults.ts';
import { loadOf, type LoadFlags } from './load-options.ts';

export interface BenchFlags extends LoadFlags {
  readonly retries: number;
  readonly concurrency: number;
  readonly batchTimeout: number;
  readonly latencies: 'none' | 'network';
  readonly json: boolean;
}

/** `medrex bench compare`. Returns 1 when operations sent through Medrex got no outcome. */
export async function bench(flags: BenchFlags): Promise<number> {
  const signal = interrupted();
  const comparison = await comparedOnFreshStack(flags, signal);
  console.log(flags.json ? JSON.stringify(comparison) : comparisonTable(comparison));
  if (signal.aborted) return 130;
  return comparison.sides.some(({ client, failed }) => client === 'Medrex' && failed > 0) ? 1 : 0;
}

/** Runs the comparison on its own services and ledger, in a temporary folder. */
export async function comparedOnFreshStack(
  flags: BenchFlags,
  signal: AbortSignal = new AbortController().signal,
): Promise<Comparison> {
  const dataDir = await mkdtemp(join(tmpdir(), 'medrex-bench-'));
  const stack = await EmbeddedStack.start({
    dataDir,
    channel: defaults.channel,
    port: 0,
    env: { LEDGER_LATENCIES: flags.latencies, LEDGER_BATCH_TIMEOUT_MS: String(flags.batchTimeout) },
    onUnexpectedEnd: (service, code) => {
      console.error(`${service} ended with code ${code}`);
      process.exit(1);
    },
  });
  try {
    return await compare({
      load: loadOf(flags, Date.now()),
      model: { batchTimeoutMs: flags.batchTimeout, maxMessageCount: 500, latencies: flags.latencies },
      concurrency: flags.concurrency,
      retries: flags.retries === 0 ? undefined : flags.retries,
      medrex: {
        apiUrl: stack.urls['ingest']?.['api'] ?? '',
        ordererMetricsUrl: stack.urls['orderer-dag']?.['metrics'] ?? '',
        ledger: embeddedLedgerLabel,
      },
      signal,
      announce: (_client, describe) => new Progress(describe),
    });
  } finally {
    await stack.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
