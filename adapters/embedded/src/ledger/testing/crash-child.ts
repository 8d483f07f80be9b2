// A process to be killed: it uses an embedded ledger in all ways and reports number and digest of each delivered block.
// Arguments: directory, seed.
import { seededRandom, type Block, type Chaincode } from '@medrex/ledger';
import type { StateKey } from '@medrex/keys';
import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import { encodeBlock } from '../block-record.ts';
import { EmbeddedLedger } from '../embedded-ledger.ts';

const [directory = '', seed = '1'] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const keyAt = (): StateKey => `k${Math.floor(random() * 20)}` as StateKey;

const busy: Chaincode = {
  name: 'busy',
  version: '1',
  async invoke(stub, fn) {
    const value = Buffer.alloc(1 + Math.floor(random() * 3_000), stub.txId);
    if (fn === 'update') await stub.getStates([keyAt(), keyAt()]);
    if (fn === 'range') for await (const { key } of stub.getStateByRange('k1', 'k3')) if (key === 'k15') break;
    if (fn === 'delete') stub.deleteState(keyAt());
    for (let writes = 1 + Math.floor(random() * 4); writes > 0; writes--) stub.putState(keyAt(), value);
    return { status: 200, message: '', payload: value.subarray(0, 50) };
  },
};

const ledger = await EmbeddedLedger.open({
  directory,
  chaincodes: [busy],
  cutter: { batchTimeoutMs: 2, maxMessageCount: 5 },
  cacheBytes: 20_000,
  segmentBytes: 100_000,
});

const waiting = new Map<string, () => void>();
ledger.follow(await ledger.height(), (block: Block) => {
  const digest = createHash('sha256').update(encodeBlock(block).bytes).digest('hex');
  writeSync(1, `${block.number} ${digest}\n`);
  for (const { txId } of block.transactions) waiting.get(txId)?.();
});

async function client(name: number): Promise<never> {
  for (let turn = 0; ; turn++) {
    const fn = ['update', 'range', 'delete', 'put'][Math.floor(random() * 4)] ?? 'put';
    const txId = `${seed}-${name}-${turn}`;
    const endorsement = await ledger.endorse({
      channel: 'ehr',
      chaincode: 'busy',
      fn,
      args: [],
      txId,
      creator: 'Org1MSP',
    });
    const ended = new Promise<void>((resolve) => waiting.set(txId, resolve));
    await ledger.submit(endorsement);
    await ended;
    waiting.delete(txId);
  }
}

await Promise.all(Array.from({ length: 8 }, (_, name) => client(name)));
