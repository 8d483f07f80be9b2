import { beforeAll, describe, expect, it } from '@jest/globals';
import { becomes } from '../testing/golden.ts';
import { wardWith } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

/** The ward catalogue; its relations are tables. */
const catalog = wardWith({ hasRowId: true });

describe('RETURNING of rows selected by a condition', () => {
  let translator: IrisTranslator;

  beforeAll(async () => {
    translator = await IrisTranslator.load({ version: '2025.1' }, catalog);
  });

  const shown = (text: string): readonly string[] => becomes(translator, `explain (translate) ${text}`);

  it('of UPDATE reads the ids of the rows, updates these, and reads them again', () => {
    expect(shown('update encounters e set cost = cost + $1 where e.cost < $2 returning id, cost')).toEqual([
      'SELECT DISTINCT e.%ID FROM encounters AS e WHERE e.cost < ?',
      '-- ? = $2',
      'UPDATE encounters AS e SET cost = cost + ? WHERE e.%ID %INLIST ? AND (e.cost < ?)',
      '-- ? = $1, the rows read, $2',
      'SELECT id, cost FROM encounters AS e WHERE e.%ID %INLIST ?',
      '-- ? = the rows read',
    ]);
  });

  it('of UPDATE ... FROM, and of DELETE ... USING, reads columns of the changed table', () => {
    expect(
      shown('update encounters set cost = 1 from wards w where w.id = patient_id returning encounters.id'),
    ).toEqual([
      'SELECT DISTINCT encounters.%ID FROM encounters, wards AS w WHERE w.id = patient_id',
      'UPDATE encounters SET cost = 1 FROM wards AS w WHERE encounters.%ID %INLIST ? AND (w.id = patient_id)',
      '-- ? = the rows read',
      'SELECT encounters.id FROM encounters WHERE encounters.%ID %INLIST ?',
      '-- ? = the rows read',
    ]);
    expect(shown('delete from encounters e using wards w where w.id = e.id returning e.*')[0]).toBe(
      'SELECT id, patient_id, status, started, cost, code FROM encounters AS e WHERE e.%ID IN (SELECT e.%ID FROM encounters AS e, wards AS w WHERE w.id = e.id)',
    );
    for (const text of [
      'update encounters set cost = 1 from wards w where w.id = patient_id returning label',
      'update encounters set cost = 1 from wards w where w.id = patient_id returning *',
      'delete from encounters e using wards w where w.id = e.id returning w.label',
    ])
      expect(translator.translate(text)[0]).toMatchObject({ kind: 'refused', fault: { sqlstate: '0A000' } });
  });

  it('of INSERT ... SELECT inserts row by row, and so does ON CONFLICT', () => {
    expect(shown('insert into wards (id, label) select id, name from patients returning id')).toEqual([
      'SELECT id, name FROM patients',
      'INSERT INTO wards (id, label) VALUES (?, ?)',
      '-- ? = column 1 of each row read, column 2 of each row read',
      'SELECT id FROM wards WHERE %ID = LAST_IDENTITY()',
    ]);
    expect(shown('insert into wards (id, label) select id, name from patients on conflict do nothing')).toEqual([
      'SELECT id, name FROM patients',
      'INSERT INTO wards (id, label) SELECT CAST(? AS INTEGER), ? WHERE NOT EXISTS (SELECT 1 FROM wards WHERE (wards.id = CAST(? AS INTEGER)))',
      '-- ? = column 1 of each row read, column 2 of each row read, column 1 of each row read',
    ]);
  });
});
