import { describe, expect, it } from '@jest/globals';
import type { CopyOptions } from '@medrex/sql';
import fc from 'fast-check';
import { copyLine, CopyRows } from './copy-rows.ts';

const text: CopyOptions = {
  format: 'text',
  delimiter: '\t',
  nothing: '\\N',
  hasHeader: false,
  quote: '"',
  escape: '"',
  forceQuote: [],
};
const csv: CopyOptions = { ...text, format: 'csv', delimiter: ',', nothing: '' };

function read(options: CopyOptions, columns: number, data: string, piece = 3): (string | null)[][] {
  const rows = new CopyRows(options, columns);
  const bytes = Buffer.from(data);
  const read: (string | null)[][] = [];
  for (let at = 0; at < bytes.length; at += piece) read.push(...rows.feed(bytes.subarray(at, at + piece)));
  return [...read, ...rows.end()];
}

describe('rows of a COPY', () => {
  it('are read as PostgreSQL writes them, in whatever pieces they come', () => {
    expect(read(text, 2, '1\té\\tx\\\\\n2\t\\N\n\\.\n')).toEqual([
      ['1', 'é\tx\\'],
      ['2', null],
    ]);
    expect(read(csv, 2, 'a,"b ""c"",\nd"\n,""\n')).toEqual([
      ['a', 'b "c",\nd'],
      [null, ''],
    ]);
    expect(read({ ...csv, hasHeader: true }, 1, 'name\nAnn')).toEqual([['Ann']]);
  });

  it('have what a backslash or another escape keeps from its meaning', () => {
    expect(read({ ...text, delimiter: '|' }, 2, 'a\\|b|c\\\nd\n1|\\\\\n')).toEqual([
      ['a|b', 'c\nd'],
      ['1', '\\'],
    ]);
    expect(read({ ...csv, escape: '\\' }, 2, '"a\\"b",c\n"d\\\\",e\n')).toEqual([
      ['a"b', 'c'],
      ['d\\', 'e'],
    ]);
  });

  it.each([
    [text, '1\n', 'missing data'],
    [csv, '1,2,3\n', 'extra data'],
  ])('are refused where they do not fit', (options, data, problem) => {
    expect(() => read(options, 2, data)).toThrow(problem);
  });

  it('are refused where they are no UTF-8', () => {
    const rows = new CopyRows(text, 1);
    expect(() => rows.feed(Buffer.from([0xff, 0x0a]))).toThrow('UTF8');
  });

  it.each([text, csv])('are read as they are written', (options) => {
    const field = fc.option(
      fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0')),
      { nil: null },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 }), (rows) => {
        // In CSV an empty text is quoted, because NULL is written as nothing.
        const data = rows.map((row) => copyLine(row, ['a', 'b'], options)).join('');
        expect(read(options, 2, data, 7)).toEqual(rows);
      }),
      { numRuns: 50 },
    );
  });
});
