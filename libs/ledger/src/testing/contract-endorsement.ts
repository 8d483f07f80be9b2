import { describe, expect, it } from '@jest/globals';
import { isLifecycleKey } from '../lifecycle.ts';
import type { OpenClient } from './ledger-contract.ts';

/** Endorsing and evaluating. */
export function endorsementContract(open: OpenClient): void {
  describe('endorsement', () => {
    it('reads the version of the transaction that wrote the value', async () => {
      const client = await open();
      const { blockNum, txNum } = await client.put('a', '1');
      const { readWriteSet } = await client.endorse('get', 'a', 'b');
      expect(readWriteSet.reads.filter(({ key }) => !isLifecycleKey(key))).toEqual([
        { key: 'a', version: { blockNum, txNum } },
        { key: 'b', version: undefined },
      ]);
    });

    it('reads the definition of its chaincode in every transaction', async () => {
      const client = await open();
      const { readWriteSet } = await client.endorse('put', 'a', '1');
      expect(readWriteSet.reads.map(({ key }) => isLifecycleKey(key))).toEqual([true]);
      expect(readWriteSet.reads[0]?.version).toBeDefined();
    });

    it('does not show a transaction its own writes', async () => {
      const client = await open();
      await client.put('a', 'old');
      const { response } = await client.endorse('ownWrite', 'a', 'new');
      expect(Buffer.from(response.payload).toString()).toBe('"old"');
    });

    it('keeps the last write to a key, and the writes in key order', async () => {
      const client = await open();
      const { readWriteSet } = await client.endorse('put', 'b', '1', 'a', '2', 'b', '3');
      expect(readWriteSet.writes.map(({ key, value }) => [key, Buffer.from(value ?? []).toString()])).toEqual([
        ['a', '2'],
        ['b', '3'],
      ]);
    });

    it('records a key that is read twice once', async () => {
      const client = await open();
      const { readWriteSet, response } = await client.endorse('get', 'a', 'a');
      expect(readWriteSet.reads.filter(({ key }) => key === 'a')).toHaveLength(1);
      expect(Buffer.from(response.payload).toString()).toBe('[null,null]');
    });

    it('takes an empty value for a delete', async () => {
      const client = await open();
      await client.put('a', '1');
      await client.put('a', '');
      expect(await client.value('a')).toBeNull();
    });

    it('refuses what the chaincode answers with 400 or more, with its status and message', async () => {
      const client = await open();
      const refusal = { code: 'ENDORSEMENT_REFUSED', status: 409, chaincodeMessage: 'stale' };
      await expect(client.endorse('answer', '409', 'stale')).rejects.toMatchObject(refusal);
      expect((await client.endorse('answer', '399', 'odd')).response.status).toBe(399);
    });

    it('takes an exception of the chaincode for status 500', async () => {
      const client = await open();
      const refusal = { status: 500, chaincodeMessage: expect.stringContaining('broken') as unknown };
      await expect(client.endorse('throw', 'broken')).rejects.toMatchObject(refusal);
    });

    it('orders nothing when it evaluates', async () => {
      const client = await open();
      const before = await client.ledger.height();
      expect(await client.answer('add', 'a', '5')).toBe('5');
      await client.put('other', '1');
      expect(await client.ledger.height()).toBe(before + 1);
      expect(await client.value('a')).toBeNull();
    });

    it("hands out an evaluation's refusal as an answer", async () => {
      const client = await open();
      const response = await client.ledger.evaluate(client.proposal('answer', '404', 'nothing there'));
      expect(response).toMatchObject({ status: 404, message: 'nothing there' });
    });

    it('counts the value in the size of the envelope', async () => {
      const client = await open();
      const small = await client.endorse('put', 'a', 'x');
      const large = await client.endorse('put', 'a', 'x'.repeat(10_001));
      expect(large.envelopeBytes - small.envelopeBytes).toBeGreaterThanOrEqual(10_000);
    });

    it('names the chaincode version, and is labelled', async () => {
      const client = await open();
      expect((await client.endorse('get', 'a')).chaincodeVersion).toBe('1');
      expect(client.ledger.label).toMatch(/Fabric/);
    });
  });
}
