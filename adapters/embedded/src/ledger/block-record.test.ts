import { describe, expect, it } from '@jest/globals';
import type { Block } from '@medrex/ledger';
import fc from 'fast-check';
import { decodeBlock, encodeBlock } from './block-record.ts';
import { versionedValue } from './stored-value.ts';

const key = fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('cli~obs~1', 'Zoë', '人', ''));
const num = fc.constantFrom(0, 1, 255, 65_536, 4_294_967_295);
const version = fc.option(fc.record({ blockNum: fc.constantFrom(0, 7, 2 ** 40), txNum: num }), { nil: undefined });
const read = fc.record({ key, version });
const bytes = fc.uint8Array({ maxLength: 30 });
const write = fc.record({ key, value: fc.option(bytes, { nil: undefined }) });
const range = fc.record({ start: key, end: key, isExhausted: fc.boolean(), reads: fc.array(read, { maxLength: 3 }) });
const block = fc.record({
  channel: fc.constant('ehr'),
  number: fc.constantFrom(0, 3, 2 ** 40),
  transactions: fc.array(
    fc.record({
      txId: fc.string(),
      code: fc.constantFrom('VALID', 'MVCC_READ_CONFLICT'),
      creator: fc.string(),
      chaincode: fc.string(),
      fn: fc.string(),
      readWriteSet: fc.record({
        reads: fc.array(read, { maxLength: 4 }),
        ranges: fc.array(range, { maxLength: 2 }),
        writes: fc.array(write, { maxLength: 4 }),
      }),
      payload: bytes,
    }),
    { maxLength: 4 },
  ),
}) as unknown as fc.Arbitrary<Block>;

/** Bytes as plain arrays, so that a Buffer equals a Uint8Array. */
const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, part: unknown) => (part instanceof Uint8Array ? [...part] : part), 0));

describe('a block record', () => {
  it('is decoded to the same block', () => {
    fc.assert(
      fc.property(block, (given) => {
        const numbered = { ...given, transactions: given.transactions.map((tx, txNum) => ({ ...tx, txNum })) };
        const record = encodeBlock(numbered);
        // Buffer's own toJSON would hide its bytes.
        expect(plainBlock(decodeBlock(record.bytes).block)).toEqual(plainBlock(numbered));
      }),
    );
  });

  it('contains each written value with its version, as in the state database', () => {
    const value = Buffer.from('v');
    const writes = [
      { key: 'a', value },
      { key: 'b', value: undefined },
    ];
    const transaction = { code: 'VALID', readWriteSet: { reads: [], ranges: [], writes }, payload: value, txNum: 0 };
    const { stored } = encodeBlock({ channel: 'ehr', number: 9, transactions: [transaction] } as unknown as Block);
    expect(stored.map((bytesOf) => bytesOf && versionedValue(bytesOf))).toEqual([
      { value, version: { blockNum: 9, txNum: 0 } },
      undefined,
    ]);
  });

  it('is refused in another format', () => {
    const { bytes: record } = encodeBlock({ channel: 'ehr', number: 0, transactions: [] });
    record[0] = 2;
    expect(() => decodeBlock(record)).toThrow(expect.objectContaining({ code: 'LEDGER_FORMAT_UNKNOWN' }));
  });
});

function plainBlock({ channel, number, transactions }: Block): unknown {
  return {
    channel,
    number,
    transactions: transactions.map(({ payload, readWriteSet: { reads, ranges, writes }, ...rest }) => ({
      ...rest,
      payload: [...payload],
      reads: plain(reads),
      ranges: plain(ranges),
      writes: writes.map(({ key: name, value }) => [name, value && [...value]]),
    })),
  };
}
