import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { CopyBinaryRows } from './copy-binary-rows.ts';

const head = Buffer.from('PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0', 'latin1');
const trailer = Buffer.from('ffff', 'hex');
type Row = readonly (Buffer | null)[];

function written(row: Row): Buffer {
  const count = Buffer.alloc(2);
  count.writeInt16BE(row.length);
  const fields = row.flatMap((field) => {
    const length = Buffer.alloc(4);
    length.writeInt32BE(field?.length ?? -1);
    return field === null ? [length] : [length, field];
  });
  return Buffer.concat([count, ...fields]);
}

function read(bytes: Buffer, piece = bytes.length): Row[] {
  const rows = new CopyBinaryRows({ name: 't', columns: ['a', 'b'] });
  const all: Row[] = [];
  for (let at = 0; at < bytes.length; at += piece) all.push(...rows.feed(bytes.subarray(at, at + piece)));
  return [...all, ...rows.end()];
}

describe('rows of a binary COPY', () => {
  it('are read from chunks of any size, with and without the trailer', () => {
    const field = fc.option(
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)),
      { nil: null },
    );
    const table = fc.array(fc.tuple(field, field), { maxLength: 8 });
    fc.assert(
      fc.property(table, fc.integer({ min: 1, max: 70 }), fc.boolean(), (rows, piece, isEnded) => {
        const bytes = Buffer.concat([head, ...rows.map(written), ...(isEnded ? [trailer] : [])]);
        expect(read(bytes, piece)).toEqual(rows);
      }),
    );
  });

  it('may follow a header extension', () => {
    const longer = Buffer.concat([head.subarray(0, -1), Buffer.from([3, 1, 2, 3]), written([Buffer.from('x'), null])]);
    expect(read(longer, 2)).toEqual([[Buffer.from('x'), null]]);
  });

  it.each<[string, Buffer]>([
    ['COPY file signature not recognized', Buffer.from('1\tx\n'.repeat(9))],
    ['COPY file signature not recognized', Buffer.from('PGCOPY')],
    ['row field count is 1, expected 2', Buffer.concat([head, written([null])])],
    ['unexpected EOF in COPY data', Buffer.concat([head, written([Buffer.from('x'), null]).subarray(0, -2)])],
    ['received copy data after EOF marker', Buffer.concat([head, trailer, written([null, null])])],
    ['invalid field size', Buffer.concat([head, Buffer.from('0002fffffff0', 'hex')])],
  ])('are refused: %s', (message, bytes) => {
    expect(() => read(bytes, 5)).toThrow(
      expect.objectContaining({ report: expect.objectContaining({ sqlstate: '22P04', message }) }),
    );
  });

  it('must not exceed the memory limit', () => {
    expect(() => read(Buffer.concat([head, Buffer.from('00027fffffff', 'hex')]))).toThrow('a row is too long');
  });
});
