import { beforeAll, describe, expect, it } from '@jest/globals';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';
import type { PgType } from './pg-type.ts';
import type { Translation } from './translation.ts';

describe('the types of parameters', () => {
  let translator: IrisTranslator;

  beforeAll(async () => {
    translator = await IrisTranslator.load({ version: '2025.1' }, wardCatalog);
  });

  const one = (text: string, types: readonly PgType[] = []): Translation => {
    const [translation] = translator.translate(text, types);
    if (translation === undefined) throw new Error(text);
    return translation;
  };

  // The expected errors are PostgreSQL's.
  it.each([
    ['select id from patients where id = $1 or name = $1', '42883', 47],
    ['select id from patients where name = $1 or id = $1', '42883', 47],
    ['select id from patients where id in ($1) and name = $1', '42883', 51],
    ['insert into patients (id, name) values ($1, $1)', '42P08', 45],
    ['select $1, $1::int', '42P08', 8],
    ['select $1 from patients where id = $1', '42P08', 8],
    ["select case $1 when 1 then 'a' end", '42883', 16],
    ['select -$1', '42725', 8],
    ['select $1 + $2', '42725', 11],
    ["select '1' * null", '42725', 12],
    ['select sum($1) from patients', '42725', 8],
    ['select upper(id) from patients', '42883', 8],
    ['select abs(name) from patients', '42883', 8],
    ["select string_agg(id, ',') from patients", '42883', 8],
    ['select id || id from patients', '42883', 11],
    ["select id from patients limit 'x'", '22P02', 31],
  ])('are inferred from their context: %s', (text, sqlstate, position) => {
    const translation = one(text);
    expect(translation.kind === 'refused' ? translation.fault : translation).toMatchObject({ sqlstate, position });
  });

  it.each([
    'select $1::int, $1::text',
    'select id from patients where born = $1 or cast($1 as timestamp) > now()',
    'select id from patients where id = $1 and score > $1',
    'select id from patients where name = $1 or name like $1',
    "select $1::int + 1, -$1, 'x' || $1",
  ])('may be several compatible ones: %s', (text) => expect(one(text).kind).toBe('iris'));

  it('in the first context decide the type of a result column', () => {
    expect(one('select $1::int, $1')).toMatchObject({ columns: [{ type: 'int4' }, { type: 'int4' }] });
  });

  it.each([
    ['select $1 is null', [{ number: 1, fault: { sqlstate: '42P18' } }]],
    ['select $2::int', [{ number: 1, fault: { sqlstate: '42P18' } }]],
    ["select concat('x', $1), count($2), json_build_object('k', $3)", [{ number: 1 }, { number: 2 }, { number: 3 }]],
    [
      'select id from patients where $1 is null or id = $1',
      [{ number: 1, fault: { sqlstate: '42P08', position: 31 } }],
    ],
    ['select id from patients where id = $1 or $1 is null', []],
    ['select id from patients where $1::int is null or id = $1', []],
    ['select p.id from patients p join wards w on w.id = $1 where $1 is null', []],
    ["select concat_ws($1, 'a', $2::text), concat($3::text)", []],
  ])('are reported if unknown: %s', (text, untold) => {
    const translation = one(text);
    expect(translation.kind === 'iris' ? translation.untyped : translation).toMatchObject(untold);
  });

  it('of constants are evaluated in LIMIT', () => {
    const [shown] = translator.translate('explain (translate) select id from patients limit 1 + 2 * 2 offset 3 - 1');
    expect(shown).toMatchObject({ rows: ['SELECT id FROM patients LIMIT 5 OFFSET 2'] });
  });

  it('of booleans are formatted as by PostgreSQL', () => {
    const [shown] = translator.translate("explain (translate) select active || 'x', concat(active) from patients");
    const word = (yes: string, no: string): string => `CASE active WHEN 1 THEN '${yes}' WHEN 0 THEN '${no}' END`;
    expect(shown).toMatchObject({
      rows: [
        `SELECT CASE WHEN active IS NULL THEN NULL ELSE ${word('true', 'false')} || 'x' END, STRING(${word('t', 'f')}) FROM patients`,
      ],
    });
  });
});
