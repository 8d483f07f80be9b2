import type { Chaincode } from '../chaincode.ts';
import { lifecycleKey, lifecycleNamespace } from '../lifecycle.ts';
import { validateBlock } from '../validate-block.ts';
import type { Envelope } from './envelope.ts';
import type { ModelSettings } from './model-options.ts';
import type { ModelStore } from './model-store.ts';

type Named = Pick<Chaincode, 'name' | 'version'>;

/** `name@version` of a chaincode installed on a peer. */
export const chaincodeId = ({ name, version }: Named): string => `${name}@${version}`;

/**
 * The transaction that commits a chaincode's definition: it writes the key that every simulation of that chaincode
 * reads.
 */
export function definitionEnvelope(
  chaincode: Named,
  { channel, height }: { readonly channel: string; readonly height: number },
): Envelope {
  const txId = `definition-${chaincodeId(chaincode)}-${height}`;
  const fn = 'CommitChaincodeDefinition';
  const value = Buffer.from(chaincode.version);
  return {
    proposal: { channel, chaincode: lifecycleNamespace, fn, args: [], txId, creator: 'AdminMSP' },
    readWriteSet: { reads: [], ranges: [], writes: [{ key: lifecycleKey(chaincode.name), value }] },
    payload: new Uint8Array(0),
    bytes: 4_000,
  };
}

/** Whether a chaincode has no definition or another one on the channel. */
async function isUndefined({ name, version }: Named, store: ModelStore): Promise<boolean> {
  const view = store.view();
  try {
    const [definition] = await view.get(lifecycleNamespace, [lifecycleKey(name)]);
    return definition === undefined || Buffer.from(definition.value).toString() !== version;
  } finally {
    view.release();
  }
}

/**
 * Writes the chaincodes' definitions into a block before the channel opens: the first block of a new channel, and
 * another one when a channel is opened again with other versions. No transaction is outstanding then, so none is
 * invalidated.
 */
export async function defineChaincodes({ chaincodes, channel }: ModelSettings, store: ModelStore): Promise<void> {
  const missing: Named[] = [];
  for (const chaincode of chaincodes) if (await isUndefined(chaincode, store)) missing.push(chaincode);
  const number = store.height;
  if (missing.length === 0 && number > 0) return;
  const transactions = missing.map((chaincode, txNum) => {
    const { proposal, readWriteSet, payload } = definitionEnvelope(chaincode, { channel, height: number });
    const { txId, creator, fn } = proposal;
    return { txId, txNum, code: 'VALID', creator, chaincode: lifecycleNamespace, fn, readWriteSet, payload } as const;
  });
  const { updates } = validateBlock(number, transactions, nothingCommitted);
  await store.append({ block: { channel, number, transactions }, updates });
}

/** Definitions are blind writes under new ids, so committed state does not matter. */
const nothingCommitted = { version: () => undefined, range: () => [], hasTransaction: () => false };
