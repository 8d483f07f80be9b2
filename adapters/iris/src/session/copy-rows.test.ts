import { describe, expect, it } from '@jest/globals';
import type { CopyOptions } from '@medrex/sql';
import fc from 'fast-check';
import { copyHeader, copyLine } from './copy-line.ts';
import { CopyRows } from './copy-rows.ts';

const text: CopyOptions = {
  format: 'text',
  delimiter: '\t',
  nothing: '\\N',
  header: 'none',
  quote: '"',
  escape: '"',
  forceQuote: [],
};
const csv: CopyOptions = { ...text, format: 'csv', delimiter: ',', nothing: '' };

function read(options: CopyOptions, columns: number, data: string, piece = 3): (string | null)[][] {
  const rows = new CopyRows(options, { name: 't', columns: ['a', 'b', 'c'].slice(0, columns) });
  const bytes = Buffer.from(data, 'utf8');
  const read: (string | null)[][] = [];
  for (let at = 0; at < bytes.length; at += piece) read.push(...rows.feed(bytes.subarray(at, at + piece)));
  return [...read, ...rows.end()];
}

describe('rows of a COPY', () => {
  it('are read as PostgreSQL writes them, from chunks of any size', () => {
    expect(read(text, 2, '1\té\\tx\\\\\n2\t\\N\n\\.\n')).toEqual([
      ['1', 'é\tx\\'],
      ['2', null],
    ]);
    expect(read(csv, 2, 'a,"b ""c"",\nd"\n,""\n')).toEqual([
      ['a', 'b "c",\nd'],
      [null, ''],
    ]);
    expect(read({ ...csv, header: 'first' }, 1, 'name\nAnn')).toEqual([['Ann']]);
  });

  it('may contain escaped characters', () => {
    expect(read({ ...text, delimiter: '|' }, 2, 'a\\|b|c\\\nd\n1|\\\\\n')).toEqual([
      ['a|b', 'c\nd'],
      ['1', '\\'],
    ]);
    expect(read({ ...csv, escape: '\\' }, 2, '"a\\"b",c\n"d\\\\",e\n')).toEqual([
      ['a"b', 'c'],
      ['d\\', 'e'],
    ]);
  });

  it.each<[CopyOptions, string, string]>([
    [text, '1\n', 'missing data for column "b"'],
    [csv, '1,2,3\n', 'extra data after last expected column'],
    [csv, '1,"2\n', 'unterminated CSV quoted field'],
    [text, '1\t2\n3\t4\r\n', 'literal carriage return found in data'],
    [csv, '1,2\r\n3,4\n', 'unquoted newline found in data'],
    [csv, '1,2\r3\n', 'unquoted carriage return found in data'],
    [text, '\\xff\t1\n', 'invalid byte sequence for encoding "UTF8"'],
    [{ ...csv, header: 'match' }, 'a\n', 'wrong number of fields in header line: got 1, expected 2'],
    [{ ...csv, header: 'match' }, 'a,c\n', 'column name mismatch in header line field 2: got "c", expected "b"'],
  ])('are refused if they are malformed', (options, data, problem) => {
    expect(() => read(options, 2, data)).toThrow(problem);
  });

  it('are refused if they are not UTF-8', () => {
    const rows = new CopyRows(text, { name: 't', columns: ['a'] });
    expect(() => rows.feed(Buffer.from([0xff, 0x0a]))).toThrow('UTF8');
  });

  it('may contain escaped UTF-8 bytes, and end with CR LF', () => {
    expect(read(text, 2, '\\xc3\\xa9\\303\\251\\🙂\t\\X41\\x41\r\n')).toEqual([['éé🙂', 'X41A']]);
    expect(read({ ...csv, header: 'match' }, 2, 'a,b\r\n1,"x\ny"\r\n')).toEqual([['1', 'x\ny']]);
  });

  it('are parsed in linear time, however many lines a quoted field has', () => {
    const data = `1,"${'line\n'.repeat(200_000)}"\n`;
    expect(read(csv, 2, data, 4_096)[0]?.[1]).toHaveLength(1_000_000);
  });

  it('use any quote character, and quote column names only if needed', () => {
    expect(copyLine(['a$b'], ['a'], { ...csv, quote: '$', escape: '$', forceQuote: 'all' })).toBe('$a$$b$\n');
    expect(copyLine(["a'$"], ['a'], { ...csv, quote: "'", escape: '$' })).toBe("'a$'$$'\n");
    expect(copyHeader(['a', 'b'], { ...csv, forceQuote: 'all' })).toBe('a,b\n');
  });

  it.each([text, csv])('are read back as they were written', (options) => {
    const field = fc.option(
      fc.string({ unit: 'binary' }).filter((value) => !value.includes('\0')),
      { nil: null },
    );
    fc.assert(
      fc.property(fc.array(fc.tuple(field, field), { minLength: 1, maxLength: 5 }), (rows) => {
        // In CSV an empty text is quoted, as NULL is an empty field.
        const data = rows.map((row) => copyLine(row, ['a', 'b'], options)).join('');
        expect(read(options, 2, data, 7)).toEqual(rows);
      }),
      { numRuns: 50 },
    );
  });
});
