import { describe, expect, it } from '@jest/globals';
import type { Endorsement } from '../ledger.ts';
import type { ContractClient } from './contract-client.ts';
import { pairs, type OpenClient } from './ledger-contract.ts';

/** Read conflicts, blind writes, deletes and transaction ids. */
export function conflictContract(open: OpenClient): void {
  const codes = async (client: ContractClient, ...endorsements: Endorsement[]): Promise<string[]> =>
    (await client.commit(...endorsements)).map(({ code }) => code);

  describe('validation', () => {
    it('lets the first of two read-modify-writes in one block win', async () => {
      const client = await open(pairs);
      const [first, second] = [await client.endorse('add', 'n', '1'), await client.endorse('add', 'n', '10')];
      const outcomes = await client.commit(first, second);
      expect(outcomes.map(({ code }) => code)).toEqual(['VALID', 'MVCC_READ_CONFLICT']);
      expect(new Set(outcomes.map(({ blockNum }) => blockNum)).size).toBe(1);
      expect(await client.value('n')).toBe('1');
    });

    it('finds a conflict with an earlier block', async () => {
      const client = await open();
      const late = await client.endorse('add', 'n', '10');
      await client.commit(await client.endorse('add', 'n', '1'));
      expect(await codes(client, late)).toEqual(['MVCC_READ_CONFLICT']);
      expect(await codes(client, await client.endorse('add', 'n', '10'))).toEqual(['VALID']);
      expect(await client.value('n')).toBe('11');
    });

    it('never finds a conflict between blind writes; the later one counts', async () => {
      const client = await open(pairs);
      const [first, second] = [await client.endorse('put', 'k', '1'), await client.endorse('put', 'k', '2')];
      const [third, fourth] = [await client.endorse('put', 'k', '3'), await client.endorse('put', 'k', '4')];
      expect(await codes(client, second, first)).toEqual(['VALID', 'VALID']);
      expect(await client.value('k')).toBe('1');
      expect(await codes(client, third, fourth)).toEqual(['VALID', 'VALID']);
      expect(await client.value('k')).toBe('4');
    });

    it('lets a reader stand before a writer in one block, and not behind it', async () => {
      const client = await open(pairs);
      const read = await client.endorse('copy', 'k', 'l');
      const write = await client.endorse('put', 'k', '1');
      expect(await codes(client, read, write)).toEqual(['VALID', 'VALID']);
      const [readAgain, writeAgain] = [await client.endorse('copy', 'k', 'l'), await client.endorse('put', 'k', '2')];
      expect(await codes(client, writeAgain, readAgain)).toEqual(['VALID', 'MVCC_READ_CONFLICT']);
    });

    it('finds a conflict with a write of the very same value', async () => {
      const client = await open();
      await client.put('k', 'same');
      const reader = await client.endorse('copy', 'k', 'l');
      await client.put('k', 'same');
      expect(await codes(client, reader)).toEqual(['MVCC_READ_CONFLICT']);
    });

    it('finds a conflict when a key that was absent has come, and none while it stays absent', async () => {
      const client = await open();
      const [reader, other] = [await client.endorse('copy', 'k', 'l'), await client.endorse('copy', 'absent', 'l')];
      await client.put('k', '1');
      expect(await codes(client, reader)).toEqual(['MVCC_READ_CONFLICT']);
      expect(await codes(client, other)).toEqual(['VALID']);
    });

    it('takes a delete for a write', async () => {
      const client = await open(pairs);
      await client.commit(await client.endorse('put', 'k', '1'), await client.endorse('put', 'filler', '1'));
      const [reader, remover] = [await client.endorse('copy', 'k', 'l'), await client.endorse('delete', 'k')];
      expect(await codes(client, remover, reader)).toEqual(['VALID', 'MVCC_READ_CONFLICT']);
      expect(await client.value('k')).toBeNull();
    });

    it('gives a key that was deleted and made again another version', async () => {
      const client = await open();
      await client.put('k', '1');
      const reader = await client.endorse('copy', 'k', 'l');
      await client.commit(await client.endorse('delete', 'k'));
      expect(await codes(client, await client.endorse('copy', 'k', 'l'))).toEqual(['VALID']);
      await client.put('k', '1');
      expect(await codes(client, reader)).toEqual(['MVCC_READ_CONFLICT']);
    });

    it('writes nothing of an invalid transaction, but leaves it in its block', async () => {
      const client = await open({ maxMessageCount: 3, batchTimeoutMs: 1_000 });
      const win = await client.endorse('add', 'n', '1');
      const lose = await client.endorse('add', 'n', '2');
      const after = await client.endorse('put', 'after', '1');
      const outcomes = await client.commit(win, lose, after);
      expect(outcomes.map(({ code, txNum }) => [txNum, code])).toEqual([
        [0, 'VALID'],
        [1, 'MVCC_READ_CONFLICT'],
        [2, 'VALID'],
      ]);
      expect(outcomes[1]?.readWriteSet).toEqual(lose.readWriteSet);
      const { readWriteSet } = await client.endorse('get', 'after');
      expect(readWriteSet.reads.at(-1)?.version).toEqual({ blockNum: outcomes[0]?.blockNum, txNum: 2 });
    });

    it('does not let an invalid write hurt a reader in the same block', async () => {
      const client = await open({ maxMessageCount: 3, batchTimeoutMs: 1_000 });
      const win = await client.endorse('add', 'n', '1');
      const lose = await client.endorse('copy', 'n', 'k');
      const reader = await client.endorse('copy', 'k', 'l');
      expect(await codes(client, win, lose, reader)).toEqual(['VALID', 'MVCC_READ_CONFLICT', 'VALID']);
    });
  });

  describe('transaction ids', () => {
    it('takes an envelope that is submitted twice once, in one block', async () => {
      const client = await open(pairs);
      const endorsement = await client.endorse('put', 'k', '1');
      expect(await codes(client, endorsement, endorsement)).toEqual(['VALID', 'DUPLICATE_TXID']);
    });

    it('takes an envelope that is submitted twice once, across blocks', async () => {
      const client = await open();
      const endorsement = await client.endorse('put', 'k', '1');
      expect(await codes(client, endorsement)).toEqual(['VALID']);
      await client.put('k', '2');
      expect(await codes(client, endorsement)).toEqual(['DUPLICATE_TXID']);
      expect(await client.value('k')).toBe('2');
    });

    it('keeps the first answer for an invalid transaction that comes again', async () => {
      const client = await open();
      const late = await client.endorse('add', 'n', '10');
      await client.commit(await client.endorse('add', 'n', '1'));
      expect(await codes(client, late)).toEqual(['MVCC_READ_CONFLICT']);
      expect(await codes(client, late)).toEqual(['DUPLICATE_TXID']);
    });

    it('refuses to endorse under an id that is in a block', async () => {
      const client = await open();
      const proposal = client.proposal('put', 'k', '1');
      await client.commit(await client.ledger.endorse(proposal));
      await expect(client.ledger.endorse(proposal)).rejects.toMatchObject({ code: 'TXID_USED' });
    });
  });
}
