import { describe, expect, it } from '@jest/globals';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { irisSql } from './fragment.ts';
import { IrisTranslator } from './iris-translator.ts';

const tree =
  'with recursive tree as (select id from wards where parent is null union all select w.id from wards w join tree t on w.parent = t.id)';

describe('WITH RECURSIVE', () => {
  const stepsOf = async (version: string, text: string): Promise<readonly string[]> => {
    const translator = await IrisTranslator.load({ version }, wardCatalog);
    const [translation] = translator.translate(text);
    if (translation?.kind !== 'iris') throw new Error(JSON.stringify(translation));
    return translation.steps.map((step) => `${step.only ?? 'always'} ${irisSql(step)}`);
  };

  it('is expanded level by level, after a check that there are no further levels', async () => {
    const [check, query, ...more] = await stepsOf('2025.1', `${tree} select id from tree`);
    const first = 'WITH iris_0_tree AS (SELECT id FROM wards WHERE parent IS NULL)';
    const next = 'iris_1_tree AS (SELECT w.id FROM wards AS w INNER JOIN iris_0_tree AS t ON w.parent = t.id)';
    expect(check).toMatch(/^ofNoRows .* SELECT TOP 1 1 AS iris_n FROM iris_9_tree$/);
    expect(query?.startsWith(`always ${first}, ${next}, iris_2_tree AS (`)).toBe(true);
    expect(query?.endsWith('UNION ALL SELECT id FROM iris_8_tree) SELECT id FROM tree')).toBe(true);
    expect(more).toEqual([]);
  });

  it('is inlined on versions without WITH', async () => {
    const [check, query] = await stepsOf('2023.1', `${tree} select id from tree`);
    expect(check).toMatch(/^ofNoRows SELECT TOP 1 1 AS iris_n FROM \(SELECT w.id/);
    expect(query).toMatch(
      /^always SELECT id FROM \(SELECT id FROM \(SELECT id FROM wards WHERE parent IS NULL\) AS iris_0_tree UNION ALL /,
    );
  });

  it('that does not refer to itself is a plain WITH', async () => {
    expect(await stepsOf('2025.1', 'with recursive r as (select 1 as x) select x from r')).toEqual([
      'always WITH r AS (SELECT 1 AS x) SELECT x FROM r',
    ]);
  });

  it.each([
    [`select * from (${tree} select id from tree) q`, '0A000'],
    [`insert into wards (id) ${tree} select id from tree`, '0A000'],
    ['with recursive r as (select id from wards union all select count(*) from r) select * from r', '0A000'],
    ['with recursive r as (select id from wards union all select id from r limit 5) select * from r', '0A000'],
    ['with recursive r as (select id from wards union all select id from r order by 1) select * from r', '0A000'],
    ['with recursive r as (select id from wards union all select a.id from r a, r b) select * from r', '0A000'],
    [
      'with recursive r as (select id from wards union all select w.id from wards w left join r on true) select 1 from r',
      '0A000',
    ],
    [
      'with recursive r as (select id from wards union all select id from wards where id in (select id from r)) select * from r',
      '0A000',
    ],
    ['with recursive r as (select id from wards union all select random()::int from r) select * from r', '0A000'],
    [
      'with recursive a as (select id from wards), c as (select id from b), b as (select id from a) select * from c',
      '0A000',
    ],
    ['with recursive r as (select id from r) select * from r', '42P19'],
    ['with recursive r as (select id from r union all select 1) select * from r', '42P19'],
    ['with recursive r as (select id from wards intersect select id from r) select * from r', '42P19'],
  ])('refuses %s', async (text, sqlstate) => {
    const translator = await IrisTranslator.load({ version: '2023.1' }, wardCatalog);
    expect(translator.translate(text)[0]).toMatchObject({ kind: 'refused', fault: { sqlstate } });
  });
});
