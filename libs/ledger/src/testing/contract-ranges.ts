import { describe, expect, it } from '@jest/globals';
import { pairs, type OpenClient } from './ledger-contract.ts';

const keys = (from: number, to: number): string[] =>
  Array.from({ length: to - from }, (_, at) => `k${String(from + at).padStart(3, '0')}`);

/** Range reads and phantoms. */
export function rangeContract(open: OpenClient): void {
  describe('ranges', () => {
    it('lists from the start, inclusive, to the end, exclusive, in order', async () => {
      const client = await open();
      await client.put('b', '1', 'd', '1', 'a', '1', 'c', '1');
      expect(JSON.parse(await client.answer('list', 'b', 'd'))).toEqual(['b', 'c']);
      expect(JSON.parse(await client.answer('list', 'b', ''))).toEqual(['b', 'c', 'd']);
    });

    it.each([
      { what: 'a key that came', act: ['put', 'k2', '1'] },
      { what: 'a key that went', act: ['delete', 'k1'] },
      { what: 'a key that was written again', act: ['put', 'k1', '2'] },
    ])('finds $what', async ({ act: [fn = '', ...args] }) => {
      const client = await open();
      await client.put('k1', '1', 'k3', '1');
      const counted = await client.endorse('count', 'k', 'l', 'total');
      await client.commit(await client.endorse(fn, ...args));
      const [outcome] = await client.commit(counted);
      expect(outcome?.code).toBe('PHANTOM_READ_CONFLICT');
      expect(await client.value('total')).toBeNull();
    });

    it('finds a phantom of its own block', async () => {
      const client = await open(pairs);
      const counted = await client.endorse('count', 'k', 'l', 'total');
      const outcomes = await client.commit(await client.endorse('put', 'k2', '1'), counted);
      expect(outcomes.map(({ code }) => code)).toEqual(['VALID', 'PHANTOM_READ_CONFLICT']);
    });

    it('minds nothing outside the range, its end included', async () => {
      const client = await open();
      const counted = await client.endorse('count', 'k', 'l', 'total');
      await client.put('j', '1', 'l', '1');
      const [outcome] = await client.commit(counted);
      expect(outcome?.code).toBe('VALID');
    });

    it('is content when a delete in its block undoes a write', async () => {
      const client = await open({ maxMessageCount: 3, batchTimeoutMs: 1_000 });
      const counted = await client.endorse('count', 'k', 'l', 'total');
      const outcomes = await client.commit(
        await client.endorse('put', 'k1', '1'),
        await client.endorse('delete', 'k1'),
        counted,
      );
      expect(outcomes.map(({ code }) => code)).toEqual(['VALID', 'VALID', 'VALID']);
    });

    it('has read a page of a hundred and one lines when the chaincode stops early', async () => {
      const client = await open();
      await client.put(...keys(0, 150).flatMap((key) => [key, '1']));
      const { readWriteSet } = await client.endorse('list', 'k', 'l', '5');
      expect(readWriteSet.ranges).toHaveLength(1);
      expect(readWriteSet.ranges[0]).toMatchObject({ start: 'k', end: 'k100', isExhausted: false });
      // From this many lines on a peer keeps hashes instead of the lines.
      if (readWriteSet.ranges[0]?.digest !== undefined) return;
      expect(readWriteSet.ranges[0]?.reads.map(({ key }) => key)).toEqual(keys(0, 101));
    });

    it.each([
      { what: 'the last line seen', key: 'k100', code: 'PHANTOM_READ_CONFLICT' },
      { what: 'a line that the chaincode did not use', key: 'k050', code: 'PHANTOM_READ_CONFLICT' },
      { what: 'the line behind the last', key: 'k101', code: 'VALID' },
    ])('watches an unfinished range up to its last line: $what', async ({ key, code }) => {
      const client = await open();
      await client.put(...keys(0, 150).flatMap((name) => [name, '1']));
      const listed = await client.endorse('list', 'k', 'l', '5');
      await client.put(key, '2');
      const [outcome] = await client.commit(listed);
      expect(outcome?.code).toBe(code);
    });

    it('records a range that was read to its end with its own end', async () => {
      const client = await open();
      await client.put('k1', '1');
      const { readWriteSet } = await client.endorse('list', 'k', 'l', '1');
      expect(readWriteSet.ranges).toMatchObject([{ start: 'k', end: 'l', isExhausted: true, reads: [{ key: 'k1' }] }]);
    });
  });
}
