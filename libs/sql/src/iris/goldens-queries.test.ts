import { beforeAll, describe, expect, it } from '@jest/globals';
import { becomes, type Golden } from '../testing/golden.ts';
import { wardCatalog } from '../testing/ward-catalog.ts';
import { IrisTranslator } from './iris-translator.ts';

let newest: IrisTranslator;
let oldest: IrisTranslator;

beforeAll(async () => {
  newest = await IrisTranslator.load({ version: '2026.1' }, wardCatalog);
  oldest = await IrisTranslator.load({ version: '2023.1' }, wardCatalog);
});

describe('parameters', () => {
  it.each<Golden>([
    ['select $2, $1, $1', ['SELECT ?, ?, ? -- $2, $1, $1']],
    ['select \'$1\', "$2" from t where a = $3', ['SELECT \'$1\', "$2" FROM t WHERE %EXACT(a) = ? -- $3']],
    [
      'select id from patients where id = $2 and name = $1;',
      ['SELECT id FROM patients WHERE (id = ?) AND (%EXACT(name) = ?) -- $2, $1'],
    ],
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(oldest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
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
  ])('%s', (text, steps) => expect(becomes(newest, text)).toEqual(steps));
});
