import { beforeAll, describe, expect, it } from '@jest/globals';
import { wardCatalog, wardTables } from '../testing/ward-catalog.ts';
import type { SqlCatalog } from './catalog.ts';
import { IrisTranslator } from './iris-translator.ts';
import { searchPathOf } from './search-path.ts';

/** Patients in `public`, encounters in `lab`, wards in both. */
const catalog: SqlCatalog = {
  ...wardCatalog,
  table: ({ schema = 'public', name }) => {
    const names = schema === 'lab' ? ['encounters', 'wards'] : schema === 'public' ? ['patients', 'wards'] : [];
    return names.includes(name) ? wardTables[name] : undefined;
  },
};
let translator: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2025.2', schemas: { public: 'SQLUser', lab: 'Lab' } }, catalog);
});

function shown(text: string, path: string): string {
  const [translation] = translator.translate(text, [], searchPathOf(path));
  if (translation?.kind === 'copyIn') return translation.insert.pieces.map(String).join('');
  if (translation?.kind !== 'iris') throw new Error(JSON.stringify(translation));
  return translation.steps.map(({ pieces }) => pieces.map(String).join('')).join('; ');
}

describe('a table without a schema', () => {
  it.each([
    ['"$user", public', 'select id from wards', 'SELECT id FROM wards'],
    ['lab, public', 'select id from wards', 'SELECT id FROM Lab.wards'],
    ['public, lab', 'select w.id from wards w', 'SELECT w.id FROM wards AS w'],
    ['lab', "select id from encounters where status = 'x'", "SELECT id FROM Lab.encounters WHERE %EXACT(status) = 'x'"],
    ['public, "lab"', 'select cost from encounters', 'SELECT cost FROM Lab.encounters'],
    [
      'lab, public',
      'select id from patients where id in (select id from wards)',
      'SELECT id FROM patients WHERE id IN (SELECT id FROM Lab.wards)',
    ],
    [
      'lab',
      'with wards as (select 1 as id) select id from wards',
      'WITH wards AS (SELECT 1 AS id) SELECT id FROM wards',
    ],
    ['lab', 'select id from public.wards', 'SELECT id FROM SQLUser.wards'],
    ['lab, public', 'insert into wards (id) values (1)', 'INSERT INTO Lab.wards (id) VALUES (1)'],
    ['lab, public', 'update patients set name = null', 'UPDATE patients SET name = NULL'],
    ['lab, public', 'delete from encounters', 'DELETE FROM Lab.encounters'],
    ['lab, public', 'copy wards (id) from stdin', 'INSERT INTO Lab.wards (id) VALUES (?)'],
    ['lab, public', 'create table beds (id int)', 'CREATE TABLE Lab.beds (id INTEGER)'],
    ['lab, public', 'drop table encounters, patients', 'DROP TABLE Lab.encounters; DROP TABLE patients'],
    ['', 'select id from patients', 'SELECT id FROM patients'],
    ['pg_catalog, public', 'select id from patients', 'SELECT id FROM patients'],
  ])('is found by the path %s: %s', (path, text, expected) => expect(shown(text, path)).toBe(expected));

  it('differs by path for the same text', () => {
    expect(shown('select id from wards', 'lab')).toBe('SELECT id FROM Lab.wards');
    expect(shown('select id from wards', 'public')).toBe('SELECT id FROM wards');
  });
});
