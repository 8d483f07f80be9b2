import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { closeItem, decodeRecord, decodeResults, probeItem } from '@medrex/execute-batch';
import { FabricLedger } from '@medrex/fabric';
import { operationRecordKey, probeKey } from '@medrex/keys';
import type { CommittedTransaction, Proposal } from '@medrex/ledger';

describeReal('FABRIC', 'the chaincode behind a real peer', (profile) => {
  let ledger: FabricLedger;
  beforeAll(async () => {
    ledger = await FabricLedger.open({ profile, channel: 'ehr' });
  });
  afterAll(() => ledger.close());

  function proposalOf(fn: string, args: readonly Uint8Array[]): Proposal {
    const nonce = randomBytes(24);
    const txId = ledger.transactionId(nonce);
    return { channel: 'ehr', chaincode: 'medrex', fn, args, nonce, txId, creator: ledger.mspId };
  }

  async function committed(proposal: Proposal): Promise<CommittedTransaction> {
    const from = await ledger.height();
    await ledger.submit(await ledger.endorse(proposal));
    return new Promise((resolve, reject) => {
      const following = ledger.follow(
        from,
        ({ transactions }) => {
          const found = transactions.find(({ txId }) => txId === proposal.txId);
          if (found === undefined) return;
          resolve(found);
          void following.close();
        },
        reject,
      );
    });
  }

  const closes = (run: string, count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, at) =>
      closeItem({ opId: `${run}-${at}`, sourceHash: 'h', reason: 'EXPIRED', day: '2024-05-01' }),
    );

  it('settles more operations in one transaction than one batch message carries', async () => {
    const run = randomBytes(8).toString('hex');
    const { code, payload, readWriteSet } = await committed(proposalOf('executeBatch', closes(run, 1_200)));
    expect(code).toBe('VALID');
    expect(decodeResults(payload)).toHaveLength(1_200);
    expect(readWriteSet.writes).toHaveLength(1_200);
    const read = readWriteSet.reads.filter(({ key }) => key.startsWith(operationRecordKey(run)));
    expect(read.every(({ version }) => version === undefined)).toBe(true);
  });

  it('answers the queries from what was committed', async () => {
    const run = randomBytes(8).toString('hex');
    const settled = await committed(proposalOf('executeBatch', closes(run, 5)));
    const record = await ledger.evaluate(proposalOf('readRecord', [Buffer.from(`${run}-0`)]));
    expect(decodeRecord(record.payload)).toMatchObject({ code: 'EXPIRED', txId: settled.txId });
    const again = decodeResults((await committed(proposalOf('executeBatch', closes(run, 5)))).payload);
    expect(again.every(({ isRepeat, txId }) => isRepeat === true && txId === settled.txId)).toBe(true);
  });

  it('gives a range in pages', async () => {
    const key = `probe-${randomBytes(8).toString('hex')}`;
    for (const name of ['a', 'b', 'c'])
      await committed(proposalOf('executeBatch', [probeItem({ key: probeKey(`${key}${name}`) })]));
    const args = (bookmark: string) => ['sys~probe', '2', bookmark].map((arg) => Buffer.from(arg));
    const page = async (bookmark: string) => {
      const { payload } = await ledger.evaluate(proposalOf('range', args(bookmark)));
      return JSON.parse(Buffer.from(payload).toString()) as {
        readonly entries: readonly { readonly key: string }[];
        readonly bookmark: string;
      };
    };
    const first = await page('');
    expect(first.entries).toHaveLength(2);
    const second = await page(first.bookmark);
    expect(second.entries[0]!.key > first.entries[1]!.key).toBe(true);
  });

  it('says why it refuses bytes that are no operations', async () => {
    await expect(ledger.endorse(proposalOf('executeBatch', [Buffer.from('nonsense')]))).rejects.toMatchObject({
      code: 'ENDORSEMENT_REFUSED',
      message: expect.stringContaining('INVALID_OPERATION_BYTES'),
    });
  });
});
