import { beforeAll, expect, it } from '@jest/globals';
import { loadParser } from '../pg-parser.ts';
import { ofDbeaver, ofPgjdbc, ofSqlalchemy } from '../testing/metadata-statements.ts';
import { catalogTables, oidOfTable } from './catalog-tables.ts';
import type { Tables } from './source.ts';
import { readTableStatements } from './table-statements.ts';

beforeAll(loadParser);

/** As many tables as a proxy has, so that joins cost as much. */
const names = ['pools', ...Array.from({ length: 27 }, (_none, index) => `view_${index}`)];
const columns = Array.from({ length: 22 }, (_none, index) => ({ name: `column_${index}`, type: 'int4' as const }));
const session = {
  user: 'app',
  database: 'medrex',
  version: '15.0',
  setting: () => undefined,
  oidOf: (name: string) => oidOfTable(name, names),
};
const catalog = catalogTables(
  Object.fromEntries(names.map((name) => [name, columns])),
  session,
  new Map([['max_index_keys', '32']]),
);
const tables: Tables = { find: (schema = 'pg_catalog', name) => catalog[`${schema}.${name}`], session };

function answer(text: string): unknown {
  const [statement] = readTableStatements(text, tables).statements;
  if (statement?.kind !== 'query') return statement;
  const none = statement.parameterTypes.map(() => ({ bytes: Buffer.from('16384'), isBinary: false }));
  return statement.run(none, 0);
}

it.each([...ofPgjdbc, ...ofDbeaver, ...ofSqlalchemy])('answers %s', (text) => {
  expect(answer(text)).toMatchObject({ kind: 'rows' });
});

it('lists the columns of a table in their order', () => {
  const text = ofPgjdbc.find((each) => each.includes('row_number()')) ?? '';
  expect(answer(text)).toMatchObject({ rows: { length: 22 } });
  expect(answer("select attname from pg_attribute where attrelid = 'medrex.pools'::regclass and attnum = 2")).toEqual({
    kind: 'rows',
    rows: [['column_1']],
  });
});

it('refuses as unsupported what it can answer for empty tables only', () => {
  expect(answer(`select json_build_object('a', 1)`)).toMatchObject({ fault: { sqlstate: '0A000' } });
});

it('finds no missing table by OID either', () => {
  expect(answer("select 'nowhere'::regclass")).toMatchObject({ fault: { sqlstate: '42P01' } });
});
