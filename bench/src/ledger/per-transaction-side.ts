import { randomBytes } from 'node:crypto';
import { loadTranslator, MedrexSide, runSetup, type IngestClient, type Load, type LoadMessage } from '@medrex/cli';
import { decodeItem, decodeOperation } from '@medrex/execute-batch';
import { FabricLedger } from '@medrex/fabric';
import { InMemoryPatientVault } from '@medrex/privacy/in-memory';
import type { BenchNetwork } from '../fabric/bench-network.ts';
import { channel } from './gateway-side.ts';
import { withServices } from './medrex-side.ts';
import type { Measured } from './side.ts';

type LineReceipts = Awaited<ReturnType<IngestClient['sendLines']>>;

/** Runs the operations of the gateway client in per-transaction mode, each as a call of `applyOperation` with declared keys. */
export async function perTransactionSide(
  network: BenchNetwork,
  load: Load,
  { seconds, chaincode }: { readonly seconds: number; readonly chaincode: string },
): Promise<Omit<Measured, 'name' | 'cpu'>> {
  const translate = await loadTranslator(new InMemoryPatientVault({ random: randomBytes }), channel);
  const ledger = await FabricLedger.open({ profile: network.profile, channel });
  try {
    await runSetup(ledger, load.setup, translate, chaincode);
  } finally {
    await ledger.close();
  }
  return withServices(network, async ({ client, fabricTransactions }) => {
    const send = async (line: string): Promise<{ readonly status: number; readonly transactionId?: string }> => {
      const message = JSON.parse(line) as LoadMessage;
      const [item] = await translate(message);
      if (item === undefined) throw new Error(`${message.id} is no operation`);
      const body = JSON.stringify({ ...callOf(message, item), chaincode });
      const { status, body: answer } = await client.send('POST', `/v1/channels/${channel}/transactions`, body, {
        'content-type': 'application/json',
      });
      const { transactionId } = (answer ?? {}) as { readonly transactionId?: string };
      return { status, ...(transactionId !== undefined && { transactionId }) };
    };
    const calls: Pick<IngestClient, 'sendLines' | 'follow' | 'status'> = {
      sendLines: async (lines): Promise<LineReceipts> => {
        const receipts = await Promise.all(lines.map(send));
        return receipts.map((receipt, line) => ({ line, ...receipt }));
      },
      follow: (onOutcome, signal) => client.follow(onOutcome, signal),
      status: (transactionId) => client.status(transactionId),
    };
    const side = new MedrexSide({ client: calls, fabricTransactions, seconds, drainMs: 240_000 });
    return { result: await side.run({ ...load, setup: [], stream: () => load.stream() }) };
  });
}

function callOf({ id, source }: LoadMessage, item: Uint8Array): object {
  const read = decodeItem(item);
  if (read.kind !== 'operation') throw new Error(`${id} is no operation`);
  const { keys, bodies, ...operation } = decodeOperation(read.bytes);
  const text = (body: Uint8Array): string => Buffer.from(body).toString('latin1');
  return {
    id,
    source,
    function: 'applyOperation',
    args: [JSON.stringify({ ...operation, keys, bodies: bodies.map(text) })],
    // Calls only have modes read, write and readWrite, so commutative modes become writes.
    keys: [
      ...keys.map(({ key, mode }) => ({ key, mode: mode === 'read' ? 'read' : 'readWrite' })),
      { key: `sys~op~${operation.opId}`, mode: 'readWrite' },
    ],
  };
}
