import { describe, expect, it } from '@jest/globals';
import type { Block } from '../ledger.ts';
import type { OpenClient } from './ledger-contract.ts';

/** Following blocks. */
export function streamContract(open: OpenClient): void {
  describe('block stream', () => {
    it('replays the blocks that stand and goes on with those that come, from any block on', async () => {
      const client = await open();
      const first = await client.ledger.height();
      for (const value of ['1', '2', '3']) await client.put('k', value);
      const seen: number[] = [];
      const later = client.ledger.follow(first + 1, ({ number }) => void seen.push(number));
      await client.put('k', '4');
      await client.put('k', '5');
      await eventually(() => expect(seen).toEqual([first + 1, first + 2, first + 3, first + 4]));
      await later.close();
    });

    it('starts with a block that does not stand yet', async () => {
      const client = await open();
      const height = await client.ledger.height();
      const seen: number[] = [];
      const later = client.ledger.follow(height + 1, ({ number }) => void seen.push(number));
      await client.put('k', '1');
      await client.put('k', '2');
      await eventually(() => expect(seen).toEqual([height + 1]));
      await later.close();
    });

    it('replays the very blocks that were delivered, from the first one of the channel', async () => {
      const client = await open();
      await client.put('k', '1');
      await client.commit(await client.endorse('delete', 'k'));
      await client.commit(await client.endorse('count', 'a', 'z', 'total'));
      const replayed: Block[] = [];
      const again = client.ledger.follow(0, (block) => void replayed.push(block));
      const height = await client.ledger.height();
      await eventually(() => expect(replayed).toHaveLength(height));
      expect(replayed.map(({ number }) => number)).toEqual(replayed.map((_, at) => at));
      expect(plain(replayed.slice(-client.blocks.length))).toEqual(plain(client.blocks));
      await again.close();
    });

    it('endorses on a state that includes the blocks it has delivered', async () => {
      const client = await open();
      for (let turn = 1; turn <= 20; turn++) {
        const [outcome] = await client.commit(await client.endorse('add', 'n', '1'));
        expect(outcome?.code).toBe('VALID');
      }
      expect(await client.value('n')).toBe('20');
    });

    it('lets no client conflict that waits for its own block, when none shares a key with another', async () => {
      const client = await open({ batchTimeoutMs: 3, maxMessageCount: 3 });
      const codes: (string | undefined)[] = [];
      const counter = async (key: string): Promise<void> => {
        for (let turn = 1; turn <= 15; turn++) {
          const endorsement = await client.endorse('add', key, '1');
          const { txId } = endorsement.proposal;
          await client.ledger.submit(endorsement);
          await client.until(() => client.outcomes().some((outcome) => outcome.txId === txId));
          codes.push(client.outcomes().find((outcome) => outcome.txId === txId)?.code);
        }
      };
      const keys = ['a', 'b', 'c', 'd', 'e', 'f'];
      await Promise.all(keys.map(counter));
      expect(codes).toEqual(codes.map(() => 'VALID'));
      expect(JSON.parse(await client.answer('get', ...keys))).toEqual(keys.map(() => '15'));
    });

    it('delivers one block at a time', async () => {
      const client = await open();
      let running = 0;
      const most: number[] = [];
      const slow = client.ledger.follow(await client.ledger.height(), async () => {
        most.push((running += 1));
        await new Promise((resolve) => setTimeout(resolve, 2));
        running -= 1;
      });
      for (const value of ['1', '2', '3', '4']) await client.put('k', value);
      await eventually(() => expect(most).toEqual([1, 1, 1, 1]));
      await slow.close();
    });

    it('counts the blocks that stand', async () => {
      const client = await open();
      const before = await client.ledger.height();
      const { blockNum } = await client.put('k', '1');
      expect(blockNum).toBe(before);
      expect(await client.ledger.height()).toBe(before + 1);
    });

    it('finds a transaction in a block by its id, VALID or not', async () => {
      const client = await open({ maxMessageCount: 2, batchTimeoutMs: 20 });
      const [first, second] = [await client.endorse('add', 'n', '1'), await client.endorse('add', 'n', '1')];
      expect(await client.ledger.find(first.proposal.txId)).toBeUndefined();
      const seen = await client.commit(first, second);
      for (const { txId, code, blockNum, txNum, payload } of seen) {
        const found = await client.ledger.find(txId);
        expect([found?.block.number, found?.transaction.txNum, found?.transaction.code]).toEqual([
          blockNum,
          txNum,
          code,
        ]);
        expect(Buffer.from(found?.transaction.payload ?? []).toString()).toBe(Buffer.from(payload).toString());
      }
      expect(seen.map(({ code }) => code)).toEqual(['VALID', 'MVCC_READ_CONFLICT']);
    });

    it('finds of several transactions with one id the one that counts', async () => {
      const client = await open();
      const endorsement = await client.endorse('put', 'k', '1');
      const [outcome] = await client.commit(endorsement);
      await client.ledger.submit(endorsement);
      await client.put('other', '1');
      const found = await client.ledger.find(endorsement.proposal.txId);
      expect([found?.block.number, found?.transaction.code]).toEqual([outcome?.blockNum, 'VALID']);
    });

    it('ends the stream of a consumer that fails, tells it, and goes on for others', async () => {
      const client = await open();
      const errors: unknown[] = [];
      let calls = 0;
      const failing = (): void => {
        calls += 1;
        throw new Error('disk full');
      };
      client.ledger.follow(await client.ledger.height(), failing, (error) => void errors.push(error));
      await client.put('k', '1');
      await client.put('k', '2');
      await eventually(() => expect(errors).toHaveLength(1));
      expect(errors[0]).toMatchObject({ code: 'BLOCK_CONSUMER_FAILED', cause: { message: 'disk full' } });
      expect(calls).toBe(1);
    });

    it('delivers nothing after it was closed', async () => {
      const client = await open();
      const seen: number[] = [];
      const closed = client.ledger.follow(0, ({ number }) => void seen.push(number));
      await closed.close();
      const before = seen.length;
      await client.put('k', '1');
      expect(seen).toHaveLength(before);
    });
  });
}

/** Bytes as text, so that a Buffer and a Uint8Array of equal content are equal. */
function plain(blocks: readonly Block[]): unknown {
  const bytes = (_: string, value: unknown): unknown => (value === undefined ? '(absent)' : value);
  return blocks.map(({ channel, number, transactions }) => ({
    channel,
    number,
    transactions: transactions.map(({ payload, readWriteSet, ...rest }) => ({
      ...rest,
      payload: Buffer.from(payload).toString('base64'),
      reads: JSON.stringify(readWriteSet.reads, bytes),
      ranges: JSON.stringify(readWriteSet.ranges, bytes),
      writes: readWriteSet.writes.map(({ key, value }) => [key, value && Buffer.from(value).toString('base64')]),
    })),
  }));
}

async function eventually(check: () => void): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      return check();
    } catch (error) {
      if (attempt >= 500) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}
