import { beforeAll, describe, expect, it } from '@jest/globals';
import { becomes } from '../testing/golden.ts';
import { wardWith } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

/** The ward catalogue; its relations are tables with keys. */
const catalog = wardWith({ hasRowId: true, uniqueKeys: [['id']] });

describe('SELECT ... FOR UPDATE', () => {
  let translator: IrisTranslator;

  beforeAll(async () => {
    translator = await IrisTranslator.load({ version: '2025.1' }, catalog);
  });

  const shown = (text: string): readonly string[] => becomes(translator, `explain (translate) ${text}`);

  it('of one row by its key updates a column to itself, and then reads the row', () => {
    expect(shown("select id, status from encounters where id = $1 and status <> 'closed' for update")).toEqual([
      "UPDATE encounters SET patient_id = patient_id WHERE (id = ?) AND (%EXACT(status) <> 'closed')",
      '-- ? = $1',
      "SELECT id, status FROM encounters WHERE (id = ?) AND (%EXACT(status) <> 'closed')",
      '-- ? = $1',
    ]);
  });

  it('of other rows reads their ids first, and reads them by the condition again after locking', () => {
    expect(shown('select status from encounters e where e.cost < $1 order by 1 for no key update')).toEqual([
      'SELECT e.%ID AS iris_id FROM encounters AS e WHERE e.cost < ?',
      '-- ? = $1',
      'UPDATE encounters AS e SET patient_id = patient_id WHERE e.%ID %INLIST ?',
      '-- ? = the rows read',
      expect.stringMatching(/^SELECT status FROM encounters AS e WHERE e.%ID %INLIST \? AND \(e.cost < \?\) ORDER BY /),
      '-- ? = the rows read, $1',
    ]);
  });

  it('with LIMIT reads the first rows by the expressions of ORDER BY', () => {
    expect(shown('select cost as n, id from encounters order by id desc, 1 limit 2 offset 1 for share')[0]).toMatch(
      /^SELECT TOP ALL iris_id .*ROW_NUMBER\(\) OVER \(ORDER BY id DESC, CASE WHEN cost IS NULL .* WHERE iris_rn /,
    );
    const [read, , , last] = shown('select e.id from encounters e join wards w using (id) limit $1 for update of e');
    expect(read).toBe(
      'SELECT DISTINCT iris_id FROM (SELECT TOP <$1> e.%ID AS iris_id FROM encounters AS e INNER JOIN wards AS w ON e.id = w.id) AS iris_l',
    );
    expect(last).toContain('WHERE e.%ID %INLIST ? LIMIT <$1>');
  });

  it('does not wait for locks with NOWAIT', () => {
    const [translation] = translator.translate('select cost from encounters where id = 1 for update nowait');
    const steps = translation?.kind === 'iris' ? translation.steps : [];
    expect(steps.map(({ isNowait }) => isNowait)).toEqual([true, undefined]);
    expect(shown('select id from encounters where cost > 5 for share nowait')).toContain('-- waits for no lock');
  });

  it.each([
    ['select id from encounters for update skip locked', /^SKIP LOCKED/],
    ['select e.id from encounters e, wards w for update', /^FOR UPDATE of rows of several tables/],
    ['select e.id from encounters e, wards w for update of e for share of w', /^FOR UPDATE of rows of several tables/],
    ['select w.id from encounters e left join wards w on true for update of w', /nullable side of an outer join$/],
    ['select id from unknown for update', /of an unknown table/],
    ['select count(*) from encounters for share', /^FOR SHARE is not allowed with aggregate functions$/],
    ['select distinct id from encounters for update', /^FOR UPDATE is not allowed with DISTINCT clause$/],
    ['select id from encounters union select 1 for update', /^FOR UPDATE is not allowed with UNION/],
    ['select id from encounters where cost < random() for update', /may answer otherwise the next time/],
    ['select 1 from (select id from encounters for update) e', /^FOR UPDATE inside a statement/],
    ['with e as (select 1 as id) select id from e for update', /of rows of no table/],
    ['select * from encounters order by 1 limit 1 for update', /^ORDER BY a number over \*/],
  ])('refuses %s', (text, message) => {
    const [translation] = translator.translate(text);
    expect(translation).toMatchObject({ kind: 'refused', fault: { sqlstate: '0A000' } });
    expect(translation?.kind === 'refused' && translation.fault.message).toMatch(message);
  });

  it('reports missing tables', () => {
    const [translation] = translator.translate('select id from encounters for update of x');
    expect(translation).toMatchObject({ kind: 'refused', fault: { sqlstate: '42P01', position: 41 } });
  });
});
