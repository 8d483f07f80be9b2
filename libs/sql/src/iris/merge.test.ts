import { beforeAll, describe, expect, it } from '@jest/globals';
import { becomes } from '../testing/golden.ts';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

let translator: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2025.1' }, wardCatalog);
});

const shown = (text: string): readonly string[] => becomes(translator, `explain (translate) ${text}`);
const update = 'when matched then update set label = s.label';
const insert = 'when not matched then insert (id, label) values (s.id, s.label)';

describe('MERGE', () => {
  it('updates the matching rows, and inserts the others', () => {
    expect(
      shown(`merge into wards w using (select $1::int as id, $2::text as label) s on w.id = s.id ${update} ${insert}`),
    ).toEqual([
      'UPDATE wards AS w SET label = s.label FROM (SELECT CAST(? AS INTEGER) AS id, CAST(? AS VARCHAR(65535)) AS label) AS s WHERE (w.id = s.id)',
      '-- ? = $1, $2',
      'INSERT INTO wards (id, label) SELECT s.id, s.label FROM (SELECT CAST(? AS INTEGER) AS id, CAST(? AS VARCHAR(65535)) AS label) AS s WHERE (NOT (EXISTS (SELECT 1 AS iris_n FROM wards AS w WHERE w.id = s.id)))',
      '-- ? = $1, $2',
    ]);
  });

  it('accepts a key of the source, and conditions of its clauses', () => {
    expect(
      shown('merge into encounters e using patients p on e.id = p.id when matched and e.cost < 1 then delete'),
    ).toEqual(['DELETE FROM encounters AS e FROM patients AS p WHERE (e.id = p.id) AND (e.cost < 1)']);
  });

  it.each([
    [`merge into wards w using encounters s on w.id = s.patient_id ${update}`, 26],
    [`merge into wards w using patients s on w.id = s.id ${update} ${update}`, 26],
    [`merge into wards w using patients s on w.id = s.id when matched then delete ${insert}`, 26],
    ['merge into wards w using patients s on w.id = s.id when matched then update set id = 3', 26],
    ['merge into wards w using wards s on w.id = s.id when matched then delete', 26],
    ['merge into wards w using (values (1, 2), (1, 3)) s(id, n) on w.id = s.id when matched then delete', 35],
    ['merge into wards w using patients s on w.id = s.id when not matched then insert default values', 26],
  ])('%s is refused', (text, position) => {
    const [translation] = translator.translate(text);
    expect(translation).toMatchObject({ kind: 'refused', fault: { sqlstate: '0A000', position } });
  });
});
