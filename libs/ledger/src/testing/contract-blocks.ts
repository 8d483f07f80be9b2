import { describe, expect, it } from '@jest/globals';
import type { ContractClient } from './contract-client.ts';
import type { OpenClient } from './ledger-contract.ts';

const hour = 3_600_000;
const kibibytes = (count: number): string => 'v'.repeat(count * 1024);

/** How envelopes become blocks, and what a block holds. */
export function blockContract(open: OpenClient): void {
  const sizes = (client: ContractClient): number[] => client.blocks.map(({ transactions }) => transactions.length);

  describe('blocks', () => {
    it('cuts a block when it has enough messages', async () => {
      const client = await open({ maxMessageCount: 3, batchTimeoutMs: hour });
      const endorsements = await Promise.all(
        ['a', 'b', 'c', 'd', 'e', 'f'].map((key) => client.endorse('put', key, '1')),
      );
      const outcomes = await client.commit(...endorsements);
      expect(sizes(client)).toEqual([3, 3]);
      expect(outcomes.map(({ txId }) => txId)).toEqual(endorsements.map(({ proposal }) => proposal.txId));
    });

    it('cuts a block when its first message has waited long enough', async () => {
      const client = await open({ maxMessageCount: 100, batchTimeoutMs: 20 });
      await client.put('a', '1');
      expect(sizes(client)).toEqual([1]);
    });

    it('cuts before a block would grow above the preferred size', async () => {
      const client = await open({ maxMessageCount: 3, batchTimeoutMs: hour, preferredMaxBytes: 64 * 1024 });
      const large = [kibibytes(12), kibibytes(12), kibibytes(12), '1', '1']; // each is counted twice, as argument and as write
      await client.commit(...(await Promise.all(large.map((value, at) => client.endorse('put', `k${at}`, value)))));
      expect(sizes(client)).toEqual([2, 3]);
    });

    it('gives a message above the preferred size a block of its own', async () => {
      const client = await open({ maxMessageCount: 3, batchTimeoutMs: hour, preferredMaxBytes: 64 * 1024 });
      await client.commit(await client.endorse('put', 'a', '1'), await client.endorse('put', 'b', kibibytes(80)));
      expect(sizes(client)).toEqual([1, 1]);
    });

    it('refuses an envelope above the absolute size', async () => {
      const client = await open({ batchTimeoutMs: 10, absoluteMaxBytes: 64 * 1024 });
      const endorsement = await client.endorse('put', 'a', kibibytes(80));
      await expect(client.ledger.submit(endorsement)).rejects.toMatchObject({
        code: 'ENVELOPE_TOO_LARGE',
        retryable: false,
      });
    });

    it('holds who proposed what, and the answer of the chaincode', async () => {
      const client = await open();
      const endorsement = await client.endorse('add', 'n', '5');
      await client.commit(endorsement);
      const [block] = client.blocks;
      expect(block).toMatchObject({
        channel: client.ledger.channel,
        transactions: [
          {
            txId: endorsement.proposal.txId,
            txNum: 0,
            code: 'VALID',
            creator: client.creator,
            chaincode: client.chaincode,
            fn: 'add',
            readWriteSet: endorsement.readWriteSet,
          },
        ],
      });
      expect(Buffer.from(block?.transactions[0]?.payload ?? []).toString()).toBe('5');
    });
  });
}
