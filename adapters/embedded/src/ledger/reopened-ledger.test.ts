import { describe, expect, it } from '@jest/globals';
import type { Block, Chaincode, Endorsement } from '@medrex/ledger';
import type { StateKey } from '@medrex/keys';
import { EmbeddedLedger, type EmbeddedLedgerOptions } from './embedded-ledger.ts';
import { withDirectory } from './testing/temporary-directory.ts';

const counter = (version = '1'): Chaincode => ({
  name: 'counter',
  version,
  async invoke(stub, _, [by]) {
    const key = 'n' as StateKey;
    const sum =
      Number(Buffer.from((await stub.getState(key)) ?? '0').toString()) + Number(Buffer.from(by ?? '1').toString());
    stub.putState(key, Buffer.from(String(sum)));
    return { status: 200, message: '', payload: Buffer.from(String(sum)) };
  },
});

const open = (directory: string, options: Partial<EmbeddedLedgerOptions> = {}): Promise<EmbeddedLedger> =>
  EmbeddedLedger.open({ directory, chaincodes: [counter()], cutter: { batchTimeoutMs: 1 }, ...options });

const endorse = (ledger: EmbeddedLedger, txId: string): Promise<Endorsement> =>
  ledger.endorse({
    channel: 'ehr',
    chaincode: 'counter',
    fn: 'add',
    args: [Buffer.from('1')],
    txId,
    creator: 'Org1MSP',
  });

/** Submits and waits for the block. */
async function commit(ledger: EmbeddedLedger, endorsement: Endorsement): Promise<string | undefined> {
  const from = await ledger.height();
  const block = new Promise<Block>((resolve, reject) => void ledger.follow(from, resolve, reject));
  await ledger.submit(endorsement);
  return (await block).transactions.find(({ txId }) => txId === endorsement.proposal.txId)?.code;
}

describe('an embedded ledger that is opened again', () => {
  it('continues with the same height, state, versions and known ids', async () => {
    await withDirectory(async (directory) => {
      const first = await open(directory);
      const endorsement = await endorse(first, 't1');
      expect(await commit(first, endorsement)).toBe('VALID');
      const before = { blocks: await first.height(), state: await first.stateHash() };
      await first.close();

      const second = await open(directory);
      expect({ blocks: await second.height(), state: await second.stateHash() }).toEqual(before);
      expect(await commit(second, endorsement)).toBe('DUPLICATE_TXID');
      const next = await endorse(second, 't2');
      expect(Buffer.from(next.response.payload).toString()).toBe('2');
      expect(await commit(second, next)).toBe('VALID');
      await second.close();
    });
  });

  it('upgrades a chaincode that comes with another version, in a block of its own', async () => {
    await withDirectory(async (directory) => {
      const first = await open(directory);
      const outstanding = await endorse(first, 't1');
      await first.close();
      const second = await open(directory, { chaincodes: [counter('2')] });
      expect(await second.height()).toBe(2);
      expect((await endorse(second, 't2')).chaincodeVersion).toBe('2');
      expect(await commit(second, outstanding)).toBe('MVCC_READ_CONFLICT');
      await second.close();
    });
  });

  it('reports to a follower that its blocks were deleted', async () => {
    await withDirectory(async (directory) => {
      const ledger = await open(directory, { segmentBytes: 1_000, retention: { blocks: 5 } });
      for (let turn = 0; turn < 100; turn++) await commit(ledger, await endorse(ledger, `t${turn}`));
      await ledger.close();
      const again = await open(directory, { segmentBytes: 1_000, retention: { blocks: 5 } });
      const failure = await new Promise((resolve) => void again.follow(0, () => undefined, resolve));
      expect(failure).toMatchObject({ code: 'BLOCK_PRUNED' });
      await again.close();
    });
  });

  it('lists and digests its state, and says what it is', async () => {
    await withDirectory(async (directory) => {
      const ledger = await open(directory);
      await commit(ledger, await endorse(ledger, 't1'));
      const lines: string[] = [];
      for await (const { key, value } of ledger.scan('a', 'z')) lines.push(`${key}=${Buffer.from(value).toString()}`);
      expect(lines).toEqual(['n=1']);
      expect(ledger.label).toBe('model of Fabric (embedded)');
      await ledger.close();
    });
  });
});
