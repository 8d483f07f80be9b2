import { beforeAll, describe, expect, it } from '@jest/globals';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';
import type { Translation } from './translation.ts';

let newest: IrisTranslator;
let oldest: IrisTranslator;

beforeAll(async () => {
  newest = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
  oldest = await IrisTranslator.load({ version: '2023.1' }, wardCatalog);
});

/** PostgreSQL, and the calls to IRIS that it becomes; behind the dashes what each `?` is bound to. */
type Golden = readonly [text: string, steps: readonly string[]];

function shown(translator: IrisTranslator, text: string): readonly string[] {
  const [translation] = translator.translate(text);
  return translation === undefined ? [] : lines(translation);
}

function lines(translation: Translation): readonly string[] {
  if (translation.kind === 'answer') return translation.rows;
  if (translation.kind !== 'iris') throw new Error(JSON.stringify(translation));
  return translation.steps.map(({ pieces, parameters }) => {
    const sql = pieces.map((piece) => (typeof piece === 'string' ? piece : `<$${piece.inline}>`)).join('');
    const bound = parameters.map(({ parameter, use }) => `$${parameter}${use === 'value' ? '' : ` ${use}`}`);
    return bound.length === 0 ? sql : `${sql} -- ${bound.join(', ')}`;
  });
}

describe('parameters', () => {
  it.each<Golden>([
    ['select $2, $1, $1', ['SELECT ?, ?, ? -- $2, $1, $1']],
    ['select \'$1\', "$2" from t where a = $3', ['SELECT \'$1\', "$2" FROM t WHERE %EXACT(a) = ? -- $3']],
    [
      'select id from patients where id = $2 and name = $1;',
      ['SELECT id FROM patients WHERE (id = ?) AND (%EXACT(name) = ?) -- $2, $1'],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('limits, from 2025.1', () => {
  it.each<Golden>([
    ['select id from patients order by id limit 5', ['SELECT id FROM patients ORDER BY id LIMIT 5']],
    [
      'select id from patients order by id limit 5 offset 10',
      ['SELECT id FROM patients ORDER BY id LIMIT 5 OFFSET 10'],
    ],
    ['select id from patients order by id offset 10', ['SELECT id FROM patients ORDER BY id OFFSET 10']],
    ['select id from patients order by id fetch first 3 rows only', ['SELECT id FROM patients ORDER BY id LIMIT 3']],
    ['select id from patients limit $1 offset $2', ['SELECT id FROM patients LIMIT <$1> OFFSET <$2>']],
    ['select id from patients limit all', ['SELECT id FROM patients']],
    ['select id from patients limit 0', ['SELECT id FROM patients LIMIT 0']],
    [
      'select n from (select name as n from patients order by id limit 3) x',
      ['SELECT n FROM (SELECT TOP 3 name AS n FROM patients ORDER BY id) AS x'],
    ],
    [
      'select n from (select name as n from patients order by id limit 3 offset 6) x',
      [
        'SELECT n FROM (SELECT TOP ALL n FROM (SELECT name AS n, ROW_NUMBER() OVER (ORDER BY id) AS iris_rn FROM patients) AS iris_p WHERE iris_rn > 6 AND iris_rn <= 6 + 3 ORDER BY iris_rn) AS x',
      ],
    ],
    [
      'select n from (select name as n from patients order by id) x',
      ['SELECT n FROM (SELECT TOP ALL name AS n FROM patients ORDER BY id) AS x'],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('casts and booleans', () => {
  it.each<Golden>([
    [
      "select '5'::int, cast(score as int), 'x'::text, id::text, score::numeric(10,2) from patients",
      [
        "SELECT CAST('5' AS INTEGER), CAST(ROUND(score, 0) AS INTEGER), CAST('x' AS VARCHAR(65535)), CAST(id AS VARCHAR(65535)), CAST(score AS NUMERIC(10, 2)) FROM patients",
      ],
    ],
    ['select true, false, null::bool', ['SELECT 1, 0, CAST(NULL AS BIT)']],
    ['select id from patients where active', ['SELECT id FROM patients WHERE active = 1']],
    [
      'select id from patients where not active and active is true',
      ['SELECT id FROM patients WHERE (NOT (active = 1)) AND ((active = 1 AND active IS NOT NULL))'],
    ],
    [
      'select id from patients where active is not false or active is unknown',
      ['SELECT id FROM patients WHERE ((active = 1 OR active IS NULL)) OR (active IS NULL)'],
    ],
    [
      'select id > 3, name is null from patients',
      [
        'SELECT CASE WHEN id > 3 THEN 1 WHEN NOT (id > 3) THEN 0 END, CASE WHEN name IS NULL THEN 1 ELSE 0 END FROM patients',
      ],
    ],
    [
      'select active::text, id::bool from patients',
      [
        "SELECT CASE active WHEN 1 THEN 'true' WHEN 0 THEN 'false' END, CASE WHEN id <> 0 THEN 1 WHEN id = 0 THEN 0 END FROM patients",
      ],
    ],
    ["select 't'::bool, 'off'::bool", ['SELECT 1, 0']],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('tests', () => {
  it.each<Golden>([
    [
      'select exists (select 1 from encounters)',
      ['SELECT COALESCE((SELECT 1 WHERE EXISTS (SELECT 1 AS "?column?" FROM encounters)), 0)'],
    ],
    [
      'select id from patients p where exists (select 1 from encounters e where e.patient_id = p.id)',
      [
        'SELECT id FROM patients AS p WHERE EXISTS (SELECT 1 AS "?column?" FROM encounters AS e WHERE e.patient_id = p.id)',
      ],
    ],
    [
      'select id from patients where name is not distinct from $1',
      [
        'SELECT id FROM patients WHERE ((%EXACT(name) = ? AND name IS NOT NULL AND ? IS NOT NULL) OR (name IS NULL AND ? IS NULL)) -- $1, $1, $1',
      ],
    ],
    [
      'select id from patients where id is distinct from 3',
      [
        'SELECT id FROM patients WHERE NOT ((id = 3 AND id IS NOT NULL AND 3 IS NOT NULL) OR (id IS NULL AND 3 IS NULL))',
      ],
    ],
    [
      'select id from patients where id between 1 and 3 and name not between $1 and $2',
      [
        "SELECT id FROM patients WHERE (id BETWEEN 1 AND 3) AND (CASE WHEN name IS NOT NULL THEN %EXACT(' ' || name) END NOT BETWEEN ? AND ?) -- $1 behindBlank, $2 behindBlank",
      ],
    ],
    [
      'select id from patients where id in (select patient_id from encounters)',
      ['SELECT id FROM patients WHERE id IN (SELECT patient_id FROM encounters)'],
    ],
    [
      'select id from patients where name = any (select status from encounters)',
      ['SELECT id FROM patients WHERE %EXACT(name) IN (SELECT %EXACT(status) AS status FROM encounters)'],
    ],
    [
      'select id from patients where id > all (select cost from encounters)',
      ['SELECT id FROM patients WHERE id > ALL (SELECT cost FROM encounters)'],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('arithmetic and text', () => {
  it.each<Golden>([
    [
      'select id % 3, cost / 2, cost / 2.0, -cost, 2 ^ 3 from encounters',
      ['SELECT MOD(id, 3), cost \\ 2, cost / 2.0, -cost, POWER(2, 3) FROM encounters'],
    ],
    [
      'select name || $1 from patients',
      ['SELECT CASE WHEN name IS NULL OR ? IS NULL THEN NULL ELSE name || ? END FROM patients -- $1, $1'],
    ],
    ["select label || '!' || id::text from wards", ["SELECT label || '!' || CAST(id AS VARCHAR(65535)) FROM wards"]],
    [
      "select concat(name, 'x'), length(name), trim(name), ltrim(name, '0'), substr(name, 2, 3), position('a' in name), left(name, 2) from patients",
      [
        "SELECT STRING(name, 'x'), CHAR_LENGTH(name), TRIM(BOTH ' ' FROM name), TRIM(LEADING '0' FROM name), SUBSTRING(name, 2, 3), POSITION('a' IN name), LEFT(name, 2) FROM patients",
      ],
    ],
    [
      'select nullif(name, $1), coalesce(name, $2) from patients',
      ['SELECT CASE WHEN %EXACT(name) = ? THEN NULL ELSE name END, COALESCE(name, ?) FROM patients -- $1, $2'],
    ],
    ['select greatest(id, 3) from patients', ['SELECT GREATEST(id, 3) FROM patients']],
    [
      'select round(score), round(score, 2), trunc(score, 1), ceil(score), mod(id, 2), ln(2) from patients',
      [
        'SELECT ROUND(score, 0), ROUND(score, 2), ROUND(score, 1, 1), CEILING(score), MOD(id, 2), {fn LOG(2)} FROM patients',
      ],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('collation', () => {
  it.each<Golden>([
    ["select id from patients where name = 'x'", ["SELECT id FROM patients WHERE %EXACT(name) = 'x'"]],
    ['select id from encounters where code = $1', ['SELECT id FROM encounters WHERE code = ? -- $1']],
    [
      'select name, count(*) from patients group by name order by count(*) desc, 1',
      [
        "SELECT %EXACT(name), COUNT(*) FROM patients GROUP BY %EXACT(name) ORDER BY COUNT(*) DESC, CASE WHEN %EXACT(name) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT(name))",
      ],
    ],
    ['select distinct name from patients', ['SELECT DISTINCT %EXACT(name) FROM patients']],
    [
      'select count(distinct name), min(name), max(id) from patients',
      [
        "SELECT COUNT(DISTINCT %EXACT(name)), SUBSTRING(MIN(CASE WHEN name IS NOT NULL THEN %EXACT(' ' || name) END), 2), MAX(id) FROM patients",
      ],
    ],
    ['select a from unknown where a = $1 and b > 5', ['SELECT a FROM unknown WHERE (%EXACT(a) = ?) AND (b > 5) -- $1']],
    [
      "select id from patients where name like 'a%' and name not like $1 escape '!'",
      ["SELECT id FROM patients WHERE (%EXACT(name) LIKE 'a%') AND (%EXACT(name) NOT LIKE ? ESCAPE '!') -- $1"],
    ],
    [
      "select id from patients where name like $1 and name ilike 'a\\_%'",
      [
        "SELECT id FROM patients WHERE (%EXACT(name) LIKE ? ESCAPE '\\') AND (UPPER(name) LIKE UPPER('a\\_%') ESCAPE '\\') -- $1",
      ],
    ],
    [
      'select name from patients union select status from encounters',
      ['SELECT %EXACT(name) AS name FROM patients UNION SELECT %EXACT(status) AS status FROM encounters'],
    ],
    [
      'select name from patients union all select status from encounters',
      ['SELECT name FROM patients UNION ALL SELECT status FROM encounters'],
    ],
    [
      'select p.id from patients p join encounters e on e.status = p.name',
      ['SELECT p.id FROM patients AS p INNER JOIN encounters AS e ON %EXACT(e.status) = %EXACT(p.name)'],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('arrays', () => {
  it.each<Golden>([
    ['select id from patients where id = any ($1)', ['SELECT id FROM patients WHERE id %INLIST ? -- $1 numbers']],
    [
      'select id from patients where name = any (\'{a,"b c"}\')',
      ["SELECT id FROM patients WHERE %EXACT(name) IN ('a', 'b c')"],
    ],
    ['select id from patients where id <> all (array[1, 2])', ['SELECT id FROM patients WHERE id NOT IN (1, 2)']],
    [
      'select id from patients where name <> all ($1::text[])',
      ['SELECT id FROM patients WHERE NOT (%EXACT(name) %INLIST ?) -- $1 list'],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('order', () => {
  it.each<Golden>([
    [
      'select id from patients order by name',
      [
        "SELECT id FROM patients ORDER BY CASE WHEN %EXACT(name) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT(name))",
      ],
    ],
    [
      'select id from patients order by name desc nulls last',
      [
        "SELECT id FROM patients ORDER BY CASE WHEN %EXACT(name) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT(name)) DESC",
      ],
    ],
    [
      'select id from patients order by score desc, id',
      ['SELECT id FROM patients ORDER BY CASE WHEN score IS NULL THEN 0 ELSE 1 END, score DESC, id'],
    ],
    [
      'select name as n from patients order by n nulls first',
      [
        "SELECT name AS n FROM patients ORDER BY CASE WHEN %EXACT(name) IS NULL THEN 0 ELSE 1 END, %EXACT(' ' || %EXACT(name))",
      ],
    ],
    [
      'select distinct name from patients order by name limit 2',
      [
        "SELECT name FROM (SELECT DISTINCT %EXACT(name) AS name FROM patients) AS iris_d ORDER BY CASE WHEN %EXACT(name) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT(name)) LIMIT 2",
      ],
    ],
    [
      'select status from encounters union select name from patients order by 1',
      [
        "SELECT status FROM (SELECT %EXACT(status) AS status FROM encounters UNION SELECT %EXACT(name) AS name FROM patients) AS iris_d ORDER BY CASE WHEN %EXACT(status) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT(status))",
      ],
    ],
    [
      'select distinct on (patient_id) patient_id, started from encounters order by patient_id, started desc',
      [
        'SELECT patient_id, started FROM (SELECT patient_id AS patient_id, started AS started, CASE WHEN patient_id IS NULL THEN 1 ELSE 0 END AS iris_o1, patient_id AS iris_o2, CASE WHEN started IS NULL THEN 0 ELSE 1 END AS iris_o3, started AS iris_o4, ROW_NUMBER() OVER (PARTITION BY patient_id ORDER BY CASE WHEN patient_id IS NULL THEN 1 ELSE 0 END, patient_id, CASE WHEN started IS NULL THEN 0 ELSE 1 END, started DESC) AS iris_rn FROM encounters) AS iris_q WHERE iris_rn = 1 ORDER BY iris_o1, iris_o2, iris_o3, iris_o4 DESC',
      ],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('WITH, windows and groups', () => {
  it.each<Golden>([
    [
      'with c as (select id, name from patients) select c.id from c where c.name = $1',
      ['WITH c AS (SELECT id, name FROM patients) SELECT c.id FROM c WHERE %EXACT(c.name) = ? -- $1'],
    ],
    [
      'select row_number() over (partition by name order by id), sum(score) over (partition by active) from patients',
      [
        'SELECT ROW_NUMBER() OVER (PARTITION BY %EXACT(name) ORDER BY id), SUM(score) OVER (PARTITION BY active) FROM patients',
      ],
    ],
    [
      'select lag(id) over (order by started) from encounters',
      ['SELECT LAG(id) OVER (ORDER BY CASE WHEN started IS NULL THEN 1 ELSE 0 END, started) FROM encounters'],
    ],
    [
      'select name, sum(cost) filter (where status = $1) from patients p, encounters e group by p.name having count(*) > 3',
      [
        'SELECT %EXACT(name), SUM(CASE WHEN %EXACT(status) = ? THEN cost END) FROM patients AS p, encounters AS e GROUP BY %EXACT(p.name) HAVING COUNT(*) > 3 -- $1',
      ],
    ],
    ["select bool_or(active), string_agg(name, ',') from patients", ['SELECT MAX(active), LIST(name) FROM patients']],
    ['values (1, 2), (3, 4)', ['SELECT 1 AS column1, 2 AS column2 UNION ALL SELECT 3 AS column1, 4 AS column2']],
    ['select v.a from (values (1), (2)) as v(a)', ['SELECT v.a FROM (SELECT 1 AS a UNION ALL SELECT 2 AS a) AS v']],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('changes', () => {
  it.each<Golden>([
    ['insert into patients (id, name) values ($1, $2)', ['INSERT INTO patients (id, name) VALUES (?, ?) -- $1, $2']],
    [
      'insert into patients (id, name) values ($1, default), (2, $2)',
      ['INSERT INTO patients (id) VALUES (?) -- $1', 'INSERT INTO patients (id, name) VALUES (2, ?) -- $2'],
    ],
    [
      'insert into patients values (1, default, $1, true, 2.5)',
      ['INSERT INTO patients (id, born, active, score) VALUES (1, ?, 1, 2.5) -- $1'],
    ],
    ['insert into patients default values', ['INSERT INTO patients DEFAULT VALUES']],
    [
      'insert into patients (name) values ($1) returning id, name as n',
      ['INSERT INTO patients (name) VALUES (?) -- $1', 'SELECT id, name FROM patients WHERE %ID = LAST_IDENTITY()'],
    ],
    [
      'insert into patients (name) values ($1), ($2) returning *',
      [
        'INSERT INTO patients (name) VALUES (?) -- $1',
        'SELECT id, name, born, active, score FROM patients WHERE %ID = LAST_IDENTITY()',
        'INSERT INTO patients (name) VALUES (?) -- $2',
        'SELECT id, name, born, active, score FROM patients WHERE %ID = LAST_IDENTITY()',
      ],
    ],
    [
      'insert into patients (id, name) values ($1, $2) on conflict (id) do update set name = excluded.name',
      ['INSERT OR UPDATE INTO patients (id, name) VALUES (?, ?) -- $1, $2'],
    ],
    [
      'insert into patients (id, name) select id, status from encounters',
      ['INSERT INTO patients (id, name) SELECT id, status FROM encounters'],
    ],
    [
      'update patients set active = not active, score = score + 1 where id = $1',
      [
        'UPDATE patients SET active = CASE WHEN NOT (active = 1) THEN 1 WHEN NOT (NOT (active = 1)) THEN 0 END, score = score + 1 WHERE id = ? -- $1',
      ],
    ],
    [
      'update patients p set name = e.status from encounters e where e.patient_id = p.id',
      ['UPDATE patients AS p SET name = e.status FROM encounters AS e WHERE e.patient_id = p.id'],
    ],
    ['delete from patients where id = $1', ['DELETE FROM patients WHERE id = ? -- $1']],
    [
      'delete from encounters e using patients p where p.id = e.patient_id',
      ['DELETE FROM encounters AS e FROM patients AS p WHERE p.id = e.patient_id'],
    ],
    ['delete from wards', ['DELETE %NOCHECK FROM wards']],
    ['delete from patients', ['DELETE FROM patients']],
    ['truncate patients, public.encounters', ['DELETE FROM patients', 'DELETE FROM SQLUser.encounters']],
    ['truncate patients restart identity', ['TRUNCATE TABLE patients']],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('transactions', () => {
  it.each<Golden>([
    ['begin', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['start transaction read only', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED, READ ONLY']],
    ['begin isolation level read uncommitted', ['START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['end', ['COMMIT']],
    ['abort', ['ROLLBACK']],
    ['commit and chain', ['COMMIT', 'START TRANSACTION ISOLATION LEVEL READ COMMITTED']],
    ['savepoint a', ['SAVEPOINT a']],
    ['rollback to a', ['ROLLBACK TO SAVEPOINT a']],
    ['release a', []],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('names', () => {
  it.each<Golden>([
    ['select p.name from public.patients p', ['SELECT p.name FROM SQLUser.patients AS p']],
    ['select public.patients.id from "public"."patients"', ['SELECT SQLUser.patients.id FROM SQLUser.patients']],
    ['select "Mixed", "select", "a""b" from "Odd Table"', ['SELECT "Mixed", "select", "a""b" FROM "Odd Table"']],
    ['select "user", value, "date" from t', ['SELECT "user", "value", "date" FROM t']],
    [
      "select table_name from information_schema.tables where table_schema = 'public'",
      ["SELECT table_name FROM information_schema.tables WHERE %EXACT(table_schema) = 'SQLUser'"],
    ],
    ['select x.y.a from x.y', ['SELECT x.y.a FROM x.y']],
    ['select other.f(id) from patients', ['SELECT other.f(id) FROM patients']],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('time', () => {
  it.each<Golden>([
    [
      'select now(), current_date, current_timestamp, localtimestamp',
      ['SELECT GETUTCDATE(6), CURRENT_DATE, GETUTCDATE(6), CURRENT_TIMESTAMP(6)'],
    ],
    [
      "select date '2024-02-29', '2024-02-29 10:00'::timestamp",
      ["SELECT CAST('2024-02-29' AS DATE), CAST('2024-02-29 10:00:00' AS TIMESTAMP)"],
    ],
    [
      "select started + interval '1 month 3 days', started - interval '2 hours' from encounters",
      ["SELECT DATEADD('day', 3, DATEADD('month', 1, started)), DATEADD('second', -7200, started) FROM encounters"],
    ],
    [
      "select started + interval '1' hour, started - cost * interval '1 day', started + $1, started - $2::interval from encounters",
      [
        "SELECT DATEADD('second', 3600, started), DATEADD('day', -(cost), started), DATEADD('microsecond', ?, DATEADD('month', ?, started)), DATEADD('microsecond', -(?), DATEADD('month', -(?), started)) FROM encounters -- $1 time, $1 months, $2 time, $2 months",
      ],
    ],
    [
      "select id from encounters where started - timestamp '2024-01-01' > interval '2 months'",
      [
        "SELECT id FROM encounters WHERE (DATEDIFF('microsecond', CAST('2024-01-01 00:00:00' AS TIMESTAMP), started)) > 5184000000000",
      ],
    ],
    [
      "select extract(epoch from started - date '2024-01-01') / 60 from encounters",
      [
        "SELECT ((DATEDIFF('microsecond', CAST(CAST('2024-01-01' AS DATE) AS TIMESTAMP), started)) / 1000000) / 60 FROM encounters",
      ],
    ],
    ['select greatest(cost, 1, id) from encounters', ['SELECT GREATEST(COALESCE(cost, 1, id), 1, id) FROM encounters']],
    [
      "select string_agg(label, '; ') from wards",
      ["SELECT REPLACE(REPLACE(LIST(REPLACE(label, ',', '\u001f')), ',', '; '), '\u001f', ',') FROM wards"],
    ],
    [
      'select sum(cost) over w from encounters window w as (partition by status order by id)',
      ['SELECT SUM(cost) OVER (PARTITION BY %EXACT(status) ORDER BY id) FROM encounters'],
    ],
    [
      "select born + 3, born - 3, born - date '2024-01-01' from patients",
      [
        "SELECT CAST(DATEADD('day', 3, born) AS DATE), CAST(DATEADD('day', -(3), born) AS DATE), DATEDIFF('day', CAST('2024-01-01' AS DATE), born) FROM patients",
      ],
    ],
    [
      "select extract(year from started), date_part('dow', started), date_trunc('month', started) from encounters",
      [
        "SELECT DATEPART('year', started), (DATEPART('weekday', started) - 1), DATEADD('day', 1 - DATEPART('day', started), CAST(CAST(started AS DATE) AS TIMESTAMP)) FROM encounters",
      ],
    ],
    [
      "select id from encounters where started between '2024-01-01T00:00:00Z' and '2024-02-01' and started in ('2024-01-01T10:00:00.5', null) and started <> '2024-01-01T00:30:00+01:00'::timestamptz",
      [
        "SELECT id FROM encounters WHERE (started BETWEEN '2024-01-01 00:00:00' AND '2024-02-01 00:00:00') AND (started IN ('2024-01-01 10:00:00.5', NULL)) AND (started <> CAST('2023-12-31 23:30:00' AS TIMESTAMP))",
      ],
    ],
    [
      'select 0xffffffffff, 1_000.5, 0b11, score::float8::int from patients',
      [
        'SELECT 1099511627775, 1000.5, 3, CAST((ROUND(CAST(score AS DOUBLE), 0) - CASE WHEN ABS(CAST(score AS DOUBLE) - ROUND(CAST(score AS DOUBLE), 0, 1)) = 0.5 AND MOD(ROUND(CAST(score AS DOUBLE), 0), 2) <> 0 THEN SIGN(CAST(score AS DOUBLE)) ELSE 0 END) AS INTEGER) FROM patients',
      ],
    ],
    [
      "select extract(epoch from started), date_trunc('week', started), date_trunc('quarter', started) from encounters",
      [
        "SELECT (DATEDIFF('microsecond', '1970-01-01 00:00:00', started) / 1000000), DATEADD('day', -MOD(DATEPART('weekday', started) + 5, 7), CAST(CAST(started AS DATE) AS TIMESTAMP)), DATEADD('month', -MOD(DATEPART('month', started) - 1, 3), DATEADD('day', 1 - DATEPART('day', started), CAST(CAST(started AS DATE) AS TIMESTAMP))) FROM encounters",
      ],
    ],
    [
      "select id from patients where born = '2024-01-31' and name = '2024-01-31'",
      ["SELECT id FROM patients WHERE (born = '2024-01-31') AND (%EXACT(name) = '2024-01-31')"],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('JSON and arrows', () => {
  it.each<Golden>([
    [
      "select data->>'k', data->'a'->0->>'b', data->'x', data#>>'{a,0,b}' from t",
      [
        "SELECT JSON_VALUE(data, '$.k'), JSON_VALUE(data, '$.a[0].b'), JSON_QUERY(data, '$.x'), JSON_VALUE(data, '$.a[0].b') FROM t",
      ],
    ],
    ['select a.ref->col, ref->other->name from a', ['SELECT a.ref->col, ref->other->name FROM a']],
    [
      "select jsonb_build_object('k', id, 'n', name), json_build_array(1, name) from patients",
      [
        `SELECT REPLACE(JSON_OBJECT('k':id, 'n':name), '"\\u0000"', '""'), REPLACE(JSON_ARRAY(1, name), '"\\u0000"', '""') FROM patients`,
      ],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('vectors', () => {
  it.each<Golden>([
    [
      "select e <=> '[1,2,3]', e <#> $1::vector from notes",
      [
        "SELECT (1 - VECTOR_COSINE(e, TO_VECTOR('1,2,3', DOUBLE, 3))), (-VECTOR_DOT_PRODUCT(e, TO_VECTOR(?, DOUBLE, 3))) FROM notes -- $1 vector",
      ],
    ],
    [
      'select id from notes order by e <=> $1 limit 5',
      ['SELECT TOP 5 id FROM notes ORDER BY VECTOR_COSINE(e, TO_VECTOR(?, DOUBLE, 3)) DESC -- $1 vector'],
    ],
    [
      'select id from notes order by f <-> $1 limit 5',
      ['SELECT TOP 5 id FROM notes ORDER BY VECTOR_COSINE(f, TO_VECTOR(?, FLOAT, 3)) DESC -- $1 vector'],
    ],
    [
      'select id from notes where id > 3 order by e <#> $1::vector(3) limit $2',
      [
        'SELECT TOP <$2> id FROM notes WHERE id > 3 ORDER BY VECTOR_DOT_PRODUCT(e, TO_VECTOR(?, DOUBLE, 3)) DESC -- $1 vector',
      ],
    ],
    [
      'create index i on notes using hnsw (e vector_cosine_ops) with (m = 16, ef_construction = 64)',
      ["CREATE INDEX i ON TABLE notes (e) AS HNSW(Distance='Cosine', M=16, efConstruction=64)"],
    ],
    [
      'create index i on notes using hnsw (e vector_ip_ops)',
      ["CREATE INDEX i ON TABLE notes (e) AS HNSW(Distance='DotProduct')"],
    ],
    ['create extension if not exists vector', []],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('definitions', () => {
  it.each<Golden>([
    [
      'create table t (id serial primary key, name varchar(20) not null, note text default $$x$$, ok boolean, u uuid, j jsonb, b bytea, f8 double precision, f4 real, at timestamptz, n numeric(10,2), m mood, v vector(4))',
      [
        'CREATE TABLE t (id INTEGER IDENTITY PRIMARY KEY, name VARCHAR(20) NOT NULL, note VARCHAR(65535) DEFAULT \'x\', ok BIT, u UNIQUEIDENTIFIER, j VARCHAR(65535), b VARBINARY(65535), f8 DOUBLE, f4 REAL, "at" TIMESTAMP, n NUMERIC(10, 2), m VARCHAR(64), v VECTOR(DOUBLE, 4)) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1',
      ],
    ],
    [
      'create table if not exists public.t (a int, b bigint generated by default as identity, unique (a, b), foreign key (a) references patients (id) on delete cascade)',
      [
        'CREATE TABLE IF NOT EXISTS SQLUser.t (a INTEGER, b BIGINT IDENTITY, UNIQUE (a, b), FOREIGN KEY (a) REFERENCES patients (id) ON DELETE CASCADE) WITH %CLASSPARAMETER ALLOWIDENTITYINSERT = 1',
      ],
    ],
    [
      'create index patients_name on patients using btree (name) include (born) with (fillfactor = 70)',
      ['CREATE INDEX patients_name ON TABLE patients (name) WITH DATA (born)'],
    ],
    ['create unique index u on patients (id, name)', ['CREATE UNIQUE INDEX u ON TABLE patients (id, name)']],
    ['drop index if exists patients_name', ['DROP INDEX IF EXISTS patients_name ON TABLE SQLUser.patients']],
    ['drop table a, public.b cascade', ['DROP TABLE a CASCADE', 'DROP TABLE SQLUser.b CASCADE']],
    [
      'create view v as select id, name as n from patients order by id',
      ['CREATE VIEW v AS SELECT TOP ALL id, name AS n FROM patients ORDER BY id'],
    ],
    [
      'alter table t add column c int not null, drop column d',
      ['ALTER TABLE t ADD COLUMN c INTEGER NOT NULL', 'ALTER TABLE t DROP COLUMN d'],
    ],
    ['alter table t rename to u', ['ALTER TABLE t RENAME u']],
    ['alter table t rename column a to b', ['ALTER TABLE t ALTER COLUMN a RENAME b']],
    ["create type mood as enum ('sad')", []],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('EXPLAIN', () => {
  it.each<Golden>([
    ['explain select id from patients', ['EXPLAIN SELECT id FROM patients']],
    ['explain (costs off, format text, analyze false) select id from patients', ['EXPLAIN SELECT id FROM patients']],
    ['lock table patients in access share mode', []],
    [
      'explain (translate) select id from patients where id = $1 limit $2',
      ['SELECT id FROM patients WHERE id = ? LIMIT <$2>', '-- ? = $1'],
    ],
  ])('%s', (text, steps) => expect(shown(newest, text)).toEqual(steps));
});

describe('limits, before 2025.1', () => {
  it.each<Golden>([
    ['select id from patients order by id limit 5', ['SELECT TOP 5 id FROM patients ORDER BY id']],
    [
      'select id from patients order by id limit 5 offset 10',
      [
        'SELECT id FROM (SELECT id AS id, ROW_NUMBER() OVER (ORDER BY id) AS iris_rn FROM patients) AS iris_p WHERE iris_rn > 10 AND iris_rn <= 10 + 5 ORDER BY iris_rn',
      ],
    ],
    [
      'select id from patients offset $1',
      [
        'SELECT id FROM (SELECT id AS id, ROW_NUMBER() OVER () AS iris_rn FROM patients) AS iris_p WHERE iris_rn > <$1> ORDER BY iris_rn',
      ],
    ],
    ['select id from patients limit $1', ['SELECT TOP <$1> id FROM patients']],
    [
      'select distinct name from patients order by name limit 3 offset 1',
      [
        "SELECT name FROM (SELECT name, ROW_NUMBER() OVER (ORDER BY CASE WHEN %EXACT(name) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT(name))) AS iris_rn FROM (SELECT DISTINCT %EXACT(name) AS name FROM patients) AS iris_d) AS iris_p WHERE iris_rn > 1 AND iris_rn <= 1 + 3 ORDER BY iris_rn",
      ],
    ],
    [
      'select status, count(*) from encounters group by status order by 2 limit 3 offset 2',
      [
        'SELECT status, "count" FROM (SELECT status, "count", ROW_NUMBER() OVER (ORDER BY iris_o1) AS iris_rn FROM (SELECT %EXACT(status) AS status, COUNT(*) AS "count", COUNT(*) AS iris_o1 FROM encounters GROUP BY %EXACT(status)) AS iris_q) AS iris_p WHERE iris_rn > 2 AND iris_rn <= 2 + 3 ORDER BY iris_rn',
      ],
    ],
    [
      'select name from patients union all select status from encounters order by name limit 3',
      [
        "SELECT TOP 3 name FROM (SELECT name FROM patients UNION ALL SELECT status FROM encounters) AS iris_d ORDER BY CASE WHEN %EXACT(name) IS NULL THEN 1 ELSE 0 END, %EXACT(' ' || %EXACT(name))",
      ],
    ],
  ])('%s', (text, steps) => expect(shown(oldest, text)).toEqual(steps));
});
