import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { closeItem, decodeRecord, decodeResults, probeItem } from '@medrex/execute-batch';
import { operationRecordKey, probeKey } from '@medrex/keys';
import { LedgerClient } from './testing/ledger-client.ts';

describeReal('FABRIC', 'the chaincode behind a real peer', theChaincode);
describeReal('DEVNET', 'the chaincode on the development network', theChaincode);

function theChaincode(profile: string): void {
  let client: LedgerClient;
  beforeAll(async () => {
    client = await LedgerClient.open(profile);
  });
  afterAll(() => client.close());

  const closes = (run: string, count: number): Uint8Array[] =>
    Array.from({ length: count }, (_, at) =>
      closeItem({ opId: `${run}-${at}`, sourceHash: 'h', reason: 'EXPIRED', day: '2024-05-01' }),
    );

  it('runs more operations in one transaction than fit into one batch message', async () => {
    const run = randomBytes(8).toString('hex');
    const { code, payload, readWriteSet } = await client.transact('executeBatch', closes(run, 1_200));
    expect(code).toBe('VALID');
    expect(decodeResults(payload)).toHaveLength(1_200);
    expect(readWriteSet.writes).toHaveLength(1_200);
    const read = readWriteSet.reads.filter(({ key }) => key.startsWith(operationRecordKey(run)));
    expect(read.every(({ version }) => version === undefined)).toBe(true);
  });

  it('answers queries from committed state', async () => {
    const run = randomBytes(8).toString('hex');
    const settled = await client.transact('executeBatch', closes(run, 5));
    const record = await client.evaluate('readRecord', [Buffer.from(`${run}-0`)]);
    expect(decodeRecord(record.payload)).toMatchObject({ code: 'EXPIRED', txId: settled.txId });
    const again = await client.batch(closes(run, 5));
    expect(again.every(({ isRepeat, txId }) => isRepeat === true && txId === settled.txId)).toBe(true);
  });

  it('returns a range page by page', async () => {
    const key = `probe-${randomBytes(8).toString('hex')}`;
    for (const name of ['a', 'b', 'c']) await client.batch([probeItem({ key: probeKey(`${key}${name}`) })]);
    const args = (bookmark: string) => ['sys~probe', '2', bookmark].map((arg) => Buffer.from(arg));
    const page = async (bookmark: string) => {
      const { payload } = await client.evaluate('range', args(bookmark));
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

  it('says why it refuses bytes that are not operations', async () => {
    await expect(client.endorse('executeBatch', [Buffer.from('nonsense')])).rejects.toMatchObject({
      code: 'ENDORSEMENT_REFUSED',
      message: expect.stringContaining('INVALID_OPERATION_BYTES'),
    });
  });
}
