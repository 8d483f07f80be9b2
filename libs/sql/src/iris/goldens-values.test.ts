import { beforeAll, describe, expect, it } from '@jest/globals';
import { becomes, type Golden } from '../testing/golden.ts';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

let newest: IrisTranslator;

beforeAll(async () => {
  newest = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
    [
      "insert into wards (id, label) select * from unnest('{1,2}'::int[], '{a,\"b,c\"}'::varchar(9)[]) returning id",
      [
        "INSERT INTO wards (id, label) VALUES (CAST('1' AS INTEGER), CAST('a' AS VARCHAR(9)))",
        'SELECT id FROM wards WHERE %ID = LAST_IDENTITY()',
        "INSERT INTO wards (id, label) VALUES (CAST('2' AS INTEGER), CAST('b,c' AS VARCHAR(9)))",
        'SELECT id FROM wards WHERE %ID = LAST_IDENTITY()',
      ],
    ],
    ["insert into wards (id) select * from unnest('{}'::int[])", []],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
      "select avg(started - timestamp '2024-01-01') from encounters",
      [
        expect.stringMatching(
          /^SELECT CASE WHEN SUM\(\(\(DATEDIFF\(.*\)\) \\ 86400000000\)\) IS NULL .* \|\| '\|' \|\| COUNT\(.*END FROM encounters$/,
        ) as unknown as string,
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});

describe('JSON and arrows', () => {
  it.each<Golden>([
    [
      "select data->>'k', data->'a'->0->>'b', data->'x', data#>>'{a,0,b}' from t",
      ["SELECT JSON_VALUE(data, '$.k'), JSON_VALUE(data, '$.a[0].b'), data, JSON_VALUE(data, '$.a[0].b') FROM t"],
    ],
    [
      "select data #>> array['a', '0', 'b']::text[], data #> array['a'] from t",
      ["SELECT JSON_VALUE(data, '$.a[0].b'), data FROM t"],
    ],
    [
      "select id from t where data ->> 'k' is not null",
      ["SELECT id FROM t WHERE COALESCE(JSON_VALUE(data, '$.k'), JSON_QUERY(data, '$.k')) IS NOT NULL"],
    ],
    [
      "select overlay(name placing 'x' from 1 for id), substring(name, 0, 3), split_part(name, ' ', -2) from patients",
      [
        "SELECT CASE WHEN SUBSTRING(name, 1 + id) IS NULL THEN NULL ELSE 'x' || SUBSTRING(name, 1 + id) END, SUBSTRING(name, 1, 2), CASE WHEN name IS NOT NULL THEN COALESCE($PIECE(name, ' ', $LENGTH(name, ' ') - 1), '') END FROM patients",
      ],
    ],
    [
      'select num_nulls(name, born), (id, name) is not null from patients',
      [
        'SELECT (CASE WHEN name IS NULL THEN 1 ELSE 0 END + CASE WHEN born IS NULL THEN 1 ELSE 0 END), CASE WHEN ((id IS NOT NULL) AND (name IS NOT NULL)) THEN 1 ELSE 0 END FROM patients',
      ],
    ],
    ['select a.ref->col, ref->other->name from a', ['SELECT a.ref->col, ref->other->name FROM a']],
    [
      "select jsonb_build_object('k', id, 'n', name), json_build_array(1, name) from patients",
      [
        `SELECT REPLACE(JSON_OBJECT('k':id, 'n':name), '"\\u0000"', '""'), REPLACE(JSON_ARRAY(1, name), '"\\u0000"', '""') FROM patients`,
      ],
    ],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});
