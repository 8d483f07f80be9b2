import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { clinicalContract } from '@medrex/clinical';
import { EmbeddedLedger } from '@medrex/embedded';
import { batchChaincode } from '@medrex/execute-batch';
import { networkLatencies, type Block, type BlockStream, type Ledger } from '@medrex/ledger';
import type { Load } from '../load/load-stream.ts';
import type { LoadMessage } from '../load/message.ts';
import { seededRandom } from '../load/random.ts';
import { PlainClient, type PlainOperation } from './plain-client.ts';
import type { SideResult } from './side-result.ts';
import type { TranslateLoad } from './translate-load.ts';

/** Settings of the model of Fabric in a comparison; the same for every client. */
export interface ModelSetting {
  readonly batchTimeoutMs: number;
  readonly maxMessageCount: number;
  readonly latencies: 'none' | 'network';
}

export interface PlainSideOptions {
  readonly name: string;
  readonly retries: number;
  readonly concurrency: number;
  readonly model: ModelSetting;
  readonly seed: number;
  readonly seconds: number;
  readonly translate: TranslateLoad;
  readonly onProgress?: (ended: number) => void;
  readonly signal?: AbortSignal;
}

const chaincode = 'medrex';

/** Runs the load through a plain client on a temporary embedded ledger. */
export async function runPlainSide(load: Load, options: PlainSideOptions): Promise<SideResult> {
  const directory = await mkdtemp(join(tmpdir(), 'medrex-plain-'));
  const { batchTimeoutMs, maxMessageCount, latencies } = options.model;
  const ledger = await EmbeddedLedger.open({
    directory,
    chaincodes: [batchChaincode({ name: chaincode, version: '1', contracts: [clinicalContract] })],
    cutter: { batchTimeoutMs, maxMessageCount },
    ...(latencies === 'network' && { latencies: networkLatencies }),
  });
  try {
    await runSetup(ledger, load.setup, options.translate);
    const operations: PlainOperation[] = [];
    for (const { atMs, message } of load.stream()) {
      for (const item of await options.translate(message)) operations.push({ atMs, item });
    }
    const client = new PlainClient({
      name: options.name,
      ledger,
      blocks: ledger,
      chaincode,
      retries: options.retries,
      concurrency: options.concurrency,
      random: seededRandom(options.seed),
      ...(options.signal !== undefined && { signal: options.signal }),
    });
    const timer = setInterval(() => options.onProgress?.(client.ended), 250);
    try {
      return await client.run(operations, options.seconds);
    } finally {
      clearInterval(timer);
    }
  } finally {
    await ledger.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** Writes the setup of the load in a few consecutive Fabric transactions, which are not measured. */
export async function runSetup(
  ledger: Ledger & BlockStream,
  messages: readonly LoadMessage[],
  translate: TranslateLoad,
  on: string = chaincode,
): Promise<void> {
  const items: Uint8Array[] = [];
  for (const message of messages) items.push(...(await translate(message)));
  for (let from = 0; from < items.length; from += 200) await commit(ledger, on, items.slice(from, from + 200));
}

async function commit(ledger: Ledger & BlockStream, on: string, args: readonly Uint8Array[]): Promise<void> {
  const nonce = randomBytes(24);
  const txId = ledger.transactionId(nonce);
  const endorsement = await ledger.endorse({
    channel: ledger.channel,
    chaincode: on,
    fn: 'executeBatch',
    args,
    txId,
    nonce,
    creator: 'SetupMSP',
  });
  const from = await ledger.height();
  await new Promise<void>((resolve, reject) => {
    const subscription = ledger.follow(from, (block: Block) => {
      const found = block.transactions.find((transaction) => transaction.txId === txId);
      if (found === undefined) return;
      void subscription.close();
      if (found.code === 'VALID') resolve();
      else reject(new Error(`the load's setup ended as ${found.code}`));
    });
    ledger.submit(endorsement).catch(reject);
  });
}
