import { beforeAll, describe, expect, it } from '@jest/globals';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

let translator: IrisTranslator;

beforeAll(async () => {
  translator = await IrisTranslator.load({ version: '2025.2' }, wardCatalog);
});

/** The IRIS SQL with the bind types of its parameters, or the refusal with its position. */
function shown(text: string): string {
  const [translation] = translator.translate(text);
  if (translation?.kind === 'refused') return `${translation.fault.sqlstate} ${translation.fault.position}`;
  if (translation?.kind !== 'iris') throw new Error(JSON.stringify(translation));
  const steps = translation.steps.map(({ pieces, parameters }) => {
    const uses = parameters.flatMap(({ parameter, use }) => (use === 'value' ? [] : [`$${parameter} ${use}`]));
    return [pieces.map(String).join(''), ...uses].join(' -- ');
  });
  return [...steps, ...[...translation.parameterTypes].map(([number, type]) => `$${number} ${type}`)].join(' | ');
}

describe('a date constant or parameter outside of a comparison', () => {
  it.each([
    [
      "select coalesce(born, '2000-01-01') from patients",
      "SELECT COALESCE(born, CAST('2000-01-01' AS DATE)) FROM patients",
    ],
    ['select coalesce(born, $1) from patients', 'SELECT COALESCE(born, CAST(? AS DATE)) FROM patients | $1 date'],
    ['select coalesce(active, $1) from patients', 'SELECT COALESCE(active, CAST(? AS BIT)) FROM patients | $1 bool'],
    [
      "select case when active then started else '2024-01-01' end from patients, encounters",
      "SELECT CASE WHEN active = 1 THEN started ELSE CAST('2024-01-01 00:00:00' AS TIMESTAMP) END FROM patients, encounters",
    ],
    ["select greatest(id, '5') from patients", 'SELECT GREATEST(id, 5) FROM patients'],
    [
      "select d from (values (date '2020-01-01'), ('2021-01-01')) v(d)",
      "SELECT d FROM (SELECT CAST('2020-01-01' AS DATE) AS d UNION ALL SELECT CAST('2021-01-01' AS DATE) AS d) AS v",
    ],
    [
      "select '2000-01-01' union all select born from patients",
      'SELECT CAST(\'2000-01-01\' AS DATE) AS "?column?" UNION ALL SELECT born FROM patients',
    ],
    ["select active from patients union select 't'", 'SELECT active FROM patients UNION SELECT 1 AS "?column?"'],
    [
      'select active from patients union select $1',
      'SELECT active FROM patients UNION SELECT CAST(? AS BIT) AS "?column?" | $1 bool',
    ],
  ])('%s', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('a parameter used as a condition', () => {
  it.each([
    ['select id from patients where $1', 'SELECT id FROM patients WHERE ? = 1 | $1 bool'],
    [
      'select id from patients where active or not $1 and $2 is not true',
      'SELECT id FROM patients WHERE (active = 1) OR ((NOT (? = 1)) AND ((? = 0 OR ? IS NULL))) | $1 bool | $2 bool',
    ],
    [
      'select case when $1 then 1 end, count(*) filter (where $2) from patients having $3',
      'SELECT CASE WHEN ? = 1 THEN 1 END, COUNT(CASE WHEN ? = 1 THEN 1 END) FROM patients HAVING ? = 1 | $1 bool | $2 bool | $3 bool',
    ],
    [
      'select id from patients where nullif($1, active)',
      'SELECT id FROM patients WHERE CASE WHEN ? = active THEN NULL ELSE CAST(? AS BIT) END = 1 | $1 bool',
    ],
    [
      'select id from patients where active in (active, $1)',
      'SELECT id FROM patients WHERE active IN (active, ?) | $1 bool',
    ],
    [
      'select bool_or($1), bool_and(active) from patients',
      'SELECT MAX(CAST(? AS BIT)), MIN(active) FROM patients | $1 bool',
    ],
  ])('is a boolean: %s', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('a parameter of a function of numbers', () => {
  it.each([
    ['select abs($1), floor($2), sqrt($3)', 'SELECT ABS(?), FLOOR(?), SQRT(?) | $1 float8 | $2 float8 | $3 float8'],
    [
      'select mod($1, id), mod(score, $2), round($3, 1) from patients',
      'SELECT MOD(?, id), MOD(score, ?), ROUND(?, 1) FROM patients | $1 int4 | $2 numeric',
    ],
  ])('has the preferred type of PostgreSQL: %s', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('a parameter in ORDER BY or GROUP BY', () => {
  it.each([
    ['select id from patients order by $1, id', 'SELECT id FROM patients ORDER BY id'],
    ['select count(*) from patients group by $1', 'SELECT COUNT(*) FROM patients GROUP BY CAST(1 AS INTEGER)'],
  ])('is a single value for all rows: %s', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('a parameter beside a number', () => {
  it.each([
    ['select id + $1, $2 - score from patients', 'SELECT id + ?, ? - score FROM patients | $1 int4 | $2 numeric'],
    ['select id / $1, id % $2 from patients', 'SELECT id \\ ?, MOD(id, ?) FROM patients | $1 int4 | $2 int4'],
    [
      'select substring(name from $1 for $2) from patients',
      'SELECT SUBSTRING(name, ?, ?) FROM patients | $1 int4 | $2 int4',
    ],
  ])('has the type of the number: %s', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('a date beside a timestamp', () => {
  it.each([
    [
      'select p.id from patients p join encounters e on e.started = p.born',
      'SELECT p.id FROM patients AS p INNER JOIN encounters AS e ON e.started = CAST(p.born AS TIMESTAMP)',
    ],
    [
      "select id from patients where born between '2000-01-01' and now()",
      "SELECT id FROM patients WHERE CAST(born AS TIMESTAMP) BETWEEN '2000-01-01 00:00:00' AND GETUTCDATE(6)",
    ],
    [
      "select id from encounters where started in ('2024-01-01', date '2024-01-02')",
      "SELECT id FROM encounters WHERE started IN ('2024-01-01 00:00:00', CAST(CAST('2024-01-02' AS DATE) AS TIMESTAMP))",
    ],
    ['select id from patients where born in (select started from encounters)', '0A000 36'],
  ])('becomes a timestamp: %s', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('a $LIST of an array', () => {
  it.each([
    ['born = any ($1)', 'born %INLIST ? -- $1 days'],
    ['score <> all ($1)', 'NOT (score %INLIST ?) -- $1 numbers'],
    ['name = any ($1)', '%EXACT(name) %INLIST ? -- $1 list'],
    ['nothing = any ($1::date[])', '%EXACT(nothing) %INLIST ? -- $1 days'],
  ])('contains values in the internal format of IRIS: %s', (condition, expected) =>
    expect(shown(`select id from patients where ${condition}`)).toBe(`SELECT id FROM patients WHERE ${expected}`),
  );

  it('of timestamps is refused, as the internal format of the column is unknown', () => {
    expect(shown('select id from encounters where started = any ($1)')).toBe('0A000 41');
  });
});

describe('rows of INSERT ... SELECT', () => {
  it.each([
    [
      "insert into patients (id, born, active) select 1, '2020-01-01', 't'",
      'INSERT INTO patients (id, born, active) SELECT 1 AS "?column?", CAST(\'2020-01-01\' AS DATE) AS "?column?", 1 AS "?column?"',
    ],
    [
      'insert into patients (id, born) select id, started from encounters',
      'INSERT INTO patients (id, born) SELECT id, CAST(started AS DATE) AS started FROM encounters',
    ],
    [
      'insert into patients (id, born) select $1, $2 union all select 1, null',
      'INSERT INTO patients (id, born) SELECT CAST(? AS INTEGER) AS "?column?", CAST(? AS DATE) AS "?column?" UNION ALL SELECT 1 AS "?column?", NULL AS "?column?" | $1 int4 | $2 date',
    ],
    ['insert into patients (id, born) select distinct id, started from encounters', '0A000 53'],
    ['insert into patients (id, active) select id, cost from encounters', '42804 46'],
  ])('are cast as by PostgreSQL: %s', (text, expected) => expect(shown(text)).toBe(expected));
});

describe('order', () => {
  it.each([
    [
      'select id from notes order by e <=> $1 nulls first',
      'SELECT id FROM notes ORDER BY ((1 - VECTOR_COSINE(e, TO_VECTOR(?, DOUBLE, 3)))) -- $1 vector',
    ],
    [
      'select max(name) over () from patients',
      "SELECT SUBSTRING(MAX(CASE WHEN name IS NOT NULL THEN %EXACT(' ' || name) END) OVER (), 2) FROM patients",
    ],
    ['select name from patients union select status from encounters order by 3', '42P10 72'],
  ])('%s', (text, expected) => expect(shown(text)).toBe(expected));
});
