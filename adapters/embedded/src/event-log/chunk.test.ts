import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { packChunks, unpackChunk } from './chunk.ts';

const bytes = fc.uint8Array({ maxLength: 40 });
const record = fc.record(
  {
    key: fc.string({ unit: 'grapheme', maxLength: 8 }),
    value: bytes,
    headers: fc
      .array(fc.tuple(fc.string({ unit: 'grapheme' }), bytes), { maxLength: 3 })
      .map((entries) => new Map(entries)),
  },
  { requiredKeys: ['value'] },
);
const place = { topic: 't', partition: 3, baseOffset: 100, timestampMs: 7 };

describe('chunks', () => {
  it('return key, headers and value of every record, at its offset', () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 10 }), (records) => {
        const [chunk] = packChunks(records, false);
        const unpacked = unpackChunk(chunk?.bytes ?? new Uint8Array(), place);
        expect(unpacked.map(({ offset }) => offset)).toEqual(records.map((_, index) => 100 + index));
        const content = unpacked.map(({ key, value, headers }) => [
          key,
          Buffer.from(value).toString('hex'),
          [...headers].map(([name, content]) => [name, Buffer.from(content).toString('hex')]),
        ]);
        expect(content).toEqual(
          records.map(({ key, value, headers }) => [
            key,
            Buffer.from(value).toString('hex'),
            [...(headers ?? [])].map(([name, content]) => [name, Buffer.from(content).toString('hex')]),
          ]),
        );
      }),
    );
  });

  it('contain up to 1,024 records and 1 MiB, a larger record alone, and one record each for compacted topics', () => {
    const small = { value: Buffer.alloc(10), key: 'k' };
    const large = { value: Buffer.alloc(700_000) };
    const huge = { value: Buffer.alloc(3_000_000) };
    const counts = (records: Parameters<typeof packChunks>[0]): number[] =>
      packChunks(records, false).map(({ count }) => count);
    expect(counts(Array.from({ length: 2_050 }, () => small))).toEqual([1024, 1024, 2]);
    expect(counts([large, large, small, huge, small, small])).toEqual([1, 2, 1, 2]);
    expect(counts([])).toEqual([]);
    expect(packChunks([small, small], true)).toMatchObject([
      { count: 1, key: 'k' },
      { count: 1, key: 'k' },
    ]);
  });

  it('share their memory with the values decoded from them', () => {
    const [chunk] = packChunks([{ value: Buffer.from('abc') }], false);
    const [unpacked] = unpackChunk(chunk?.bytes ?? new Uint8Array(), place);
    expect(unpacked?.value.buffer).toBe(chunk?.bytes.buffer);
  });
});
