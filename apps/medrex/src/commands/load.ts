import { resolve } from 'node:path';
import { IngestClient } from '../client/ingest-client.ts';
import { fabricTransactionsIn, ordererAddress } from '../compare/fabric-metrics.ts';
import { MedrexSide } from '../compare/medrex-side.ts';
import { goodput, throughput, validPercent, type SideResult } from '../compare/side-result.ts';
import { loadTranslator } from '../compare/translate-load.ts';
import { ForeignWriters, type ForeignWriteCounts } from '../load/foreign-writers.ts';
import { openLoad } from '../load/load-stream.ts';
import { interrupted } from '../terminal/interrupted.ts';
import { Progress } from '../terminal/progress.ts';
import { UsageError } from '../terminal/usage-error.ts';
import { defaults } from './defaults.ts';
import { loadOf, type LoadFlags } from './load-options.ts';
import { openVault } from './open-vault.ts';

export interface LoadCommandFlags extends LoadFlags {
  readonly url: string;
  readonly ordererUrl?: string;
  /** Share of the messages sent by a foreign writer instead of through Medrex. */
  readonly foreignWriters: number;
  readonly data: string;
  readonly json: boolean;
  /** Start of the times in messages, epoch ms; now by default. */
  readonly start?: number;
}

/** `medrex load`: runs an open-loop load on a running Medrex. Returns the exit code: 1 when an operation got no outcome. */
export async function load(flags: LoadCommandFlags): Promise<number> {
  const foreign = flags.foreignWriters > 0 ? await openForeignWriters(flags) : undefined;
  const signal = interrupted();
  let sent = 0;
  let ended = 0;
  const side = new MedrexSide({
    client: new IngestClient(flags.url),
    fabricTransactions: async () => fabricTransactionsIn(await metricsOf(flags.ordererUrl)),
    seconds: flags.seconds,
    drainMs: 60_000,
    signal,
    ...(foreign !== undefined && {
      foreign: { share: flags.foreignWriters, write: (message) => foreign.write(message) },
    }),
    onProgress: (nowSent, nowEnded) => {
      sent = nowSent;
      ended = nowEnded;
    },
  });
  const progress = new Progress(() => `${flags.profile.name}: ${sent} sent, ${ended} ended`);
  try {
    const result = await side.run(openLoad(loadOf(flags, flags.start ?? Date.now())));
    await foreign?.settled();
    progress.done();
    const { fabric, ...operations } = result;
    const known = flags.ordererUrl === undefined ? operations : { ...operations, fabric };
    console.log(
      flags.json ? JSON.stringify({ ...known, foreignWrites: foreign?.counts }) : loadText(result, foreign?.counts),
    );
    if (signal.aborted) return 130;
    return result.failed > 0 ? 1 : 0;
  } finally {
    progress.done();
  }
}

async function metricsOf(ordererUrl: string | undefined): Promise<string> {
  if (ordererUrl === undefined) return '';
  const hint = '--orderer-url must be the address of orderer-dag, as printed by `medrex start`.';
  let text: string;
  try {
    text = await (await fetch(`${ordererAddress(ordererUrl)}/metrics`)).text();
  } catch {
    throw new UsageError(`nothing answers at ${ordererUrl}`, hint);
  }
  // Other services have metrics too; theirs would read as zero Fabric transactions.
  if (!text.includes('medrex_orderer_')) throw new UsageError(`there is no orderer-dag at ${ordererUrl}`, hint);
  return text;
}

async function openForeignWriters({ ordererUrl, data }: LoadCommandFlags): Promise<ForeignWriters> {
  if (ordererUrl === undefined)
    throw new UsageError('--foreign-writers needs --orderer-url', '`medrex start` prints the address.');
  const vault = await openVault(resolve(data));
  const writers = new ForeignWriters({
    ordererUrl,
    chaincode: 'medrex',
    translate: await loadTranslator(vault, defaults.channel),
  });
  await writers.check();
  return writers;
}

function loadText(result: SideResult, foreign: ForeignWriteCounts | undefined): string {
  const { offered, applied, rejected, failed, latencyMs, fabric } = result;
  const valid = validPercent(result);
  return [
    `${offered} operations offered (${result.offeredPerSecond.toFixed(0)}/s): ${applied} applied, ${rejected} rejected by the contract, ${failed} failed`,
    `throughput ${throughput(result).toFixed(0)}/s, goodput ${goodput(result).toFixed(0)}/s`,
    ...(latencyMs === undefined
      ? []
      : [
          `latency ms from the intended send: p50 ${latencyMs.p50.toFixed(1)}, p95 ${latencyMs.p95.toFixed(1)}, p99 ${latencyMs.p99.toFixed(1)}, p99.9 ${latencyMs.p999.toFixed(1)}`,
        ]),
    ...(valid === undefined
      ? []
      : [
          `Fabric transactions ${fabric.submitted}, ${valid.toFixed(2)} % VALID, ${fabric.mvccReadConflict} MVCC_READ_CONFLICT`,
        ]),
    ...(foreign === undefined
      ? []
      : [`foreign writes: ${foreign.valid} VALID, ${foreign.invalid} invalid, ${foreign.failed} failed`]),
  ].join('\n');
}
