import { beforeAll, describe, expect, it } from '@jest/globals';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { irisSql } from './fragment.ts';
import { IrisTranslator } from './iris-translator.ts';
import type { PgType } from './pg-type.ts';
import { defaultPath } from './search-path.ts';
import type { IrisTranslation, Translation } from './translation.ts';

let translator: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
});

function translated(
  text: string,
  values?: readonly (string | null)[],
  types: readonly (PgType | undefined)[] = [],
): Translation | undefined {
  const known = values && new Map(values.map((value, place) => [place + 1, value] as const));
  return translator.translate(text, types, defaultPath, known)[0];
}

const sqlOf = (translation: Translation | undefined): string => {
  const { steps } = translation as IrisTranslation;
  return steps.map((step) => irisSql(step)).join('; ');
};

describe('a translation that depends on parameters', () => {
  it('names them with their types, and the types of its rows, before their values are known', () => {
    const { constants, columns, parameterTypes } = translated(
      'select date_trunc($2, started) as at, left(status, $3), to_char(cost, $1) from encounters where code = $4',
    ) as IrisTranslation;
    expect(constants).toEqual([2, 3, 1]);
    expect(columns?.map(({ label, type }) => `${label} ${type ?? ''}`)).toEqual([
      'at timestamp',
      'left text',
      'to_char text',
    ]);
    expect(Object.fromEntries(parameterTypes)).toEqual({ 1: 'text', 2: 'text', 3: 'int4', 4: 'varchar' });
  });

  it.each([
    [
      'select date_trunc($1, started) from encounters',
      ['day'],
      'SELECT CAST(CAST(started AS DATE) AS TIMESTAMP) FROM encounters',
    ],
    ['select string_agg(code, $1) from encounters', [','], 'SELECT LIST(code) FROM encounters'],
    ['select d -> $1 ->> $2 from t', ['a', 'b'], "SELECT JSON_VALUE(d, '$.a.b') FROM t"],
    ['select d #>> $1 from t', ['{a,1}'], "SELECT JSON_VALUE(d, '$.a[1]') FROM t"],
    ['select d ->> $1::int from t', ['1'], "SELECT JSON_VALUE(d, '$[1]') FROM t"],
    ['select left(name, $1) from patients', ['2'], 'SELECT LEFT(name, 2) FROM patients'],
    ['select started at time zone $1 from encounters', ['utc'], 'SELECT started FROM encounters'],
    ['select id from patients where name ~ $1', ['^A'], "SELECT id FROM patients WHERE %EXACT(name) LIKE 'A%'"],
    ['select id from patients where id = any($1)', ['{1,NULL}'], 'SELECT id FROM patients WHERE id IN (1, NULL)'],
    ['select id from patients where id <> all($1)', ['{1,NULL}'], 'SELECT id FROM patients WHERE id NOT IN (1, NULL)'],
  ])('%s by %j', (text, values, sql) => expect(sqlOf(translated(text, values))).toBe(sql));

  it('uses a JSON index by its type', () => {
    expect(sqlOf(translated('select d ->> $1 from t', ['2'], ['int4']))).toBe("SELECT JSON_VALUE(d, '$[2]') FROM t");
    expect(translated('select d ->> $1 from t', ['2'])).toMatchObject({ kind: 'refused' });
  });

  it('differs by values, and is cached by them', () => {
    const text = 'select date_trunc($1, started) from encounters';
    expect(sqlOf(translated(text, ['hour']))).not.toBe(sqlOf(translated(text, ['day'])));
    expect(sqlOf(translated(text, ['hour']))).toContain("DATEADD('hour'");
  });

  it.each([
    // For any values, as PostgreSQL does not know them when it analyses the statement.
    ['select date_trunc($1, started) from encounters group by date_trunc($2, started)', ['day', 'day'], '42803', 23],
    ["select date_trunc($1, started) from encounters group by date_trunc('day', started)", ['day'], '42803', 23],
    ['select date_trunc($1, started) from encounters', [null], '0A000', 8],
    ['select date_trunc($1, started) from encounters', ['x'.repeat(1_001)], '0A000', 19],
    ['select left(name, $1) from patients', ['two'], '22P02', 19],
  ])('%s by %j is refused', (text, values, sqlstate, position) =>
    expect(translated(text, values)).toMatchObject({ fault: { sqlstate, position } }),
  );

  it('keeps a parameter of another type', () => {
    expect(translated('select date_trunc($1, started) from encounters', undefined, ['int4'])).toMatchObject({
      fault: { sqlstate: '0A000' },
    });
  });

  it('is shown by EXPLAIN for a constant', () => {
    const explain = 'explain (translate) select date_trunc($1, started) from encounters';
    expect(translated(explain)).toMatchObject({ fault: { sqlstate: '0A000', hint: 'Write its value out.' } });
    expect(translated(explain.replace('$1', "'day'"))).toMatchObject({ kind: 'answer' });
  });
});
