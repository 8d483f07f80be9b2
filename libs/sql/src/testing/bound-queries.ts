import type { WrittenQuery } from './query-grammar.ts';
import { query } from './written-queries.ts';

const truncated = (unit: string): WrittenQuery =>
  query('select id, date_trunc($1, started), date_trunc($1::text, started) from encounters order by id', [unit]);
const written = (sql: string, ...patterns: readonly string[]): readonly WrittenQuery[] =>
  patterns.map((pattern) => query(sql, [pattern]));

/** Queries that can only be translated once units, patterns, separators or counts are bound. */
export const boundQueries: readonly WrittenQuery[] = [
  ...['second', 'minute', 'hour', 'day', 'week', 'month', 'quarter', 'YEAR', 'decade', 'century', 'millennium'].map(
    truncated,
  ),
  ...['milliseconds', 'microseconds'].map(truncated),
  query(
    'select date_trunc($1, started), count(*) from encounters group by date_trunc($1, started) order by date_trunc($1, started)',
    ['month'],
  ),
  query('select date_trunc($1, started) as at, count(*) from encounters where cost > $2 group by 1 order by 1', [
    'quarter',
    '3',
  ]),
  query('select id from encounters where date_trunc($2, started) = date_trunc($2, $1::timestamp) order by id', [
    '2024-01-05 00:00:00',
    'month',
  ]),
  query(
    'select id, t.label from patients p join unnest($1::int[], $2::text[]) as t (of, label) on t.of = p.id order by id',
    ['{2,3,99}', '{x,NULL}'],
  ),
  query('select n, v from unnest($1::numeric[]) with ordinality as t (v, n) order by n', ['{1.5,-2,NULL}']),
  query("select date_trunc('day'::text, started), date_part('hour'::varchar, started) from encounters order by id"),
  ...written('select id, date_part($1, started) from encounters order by id', 'year', 'dow', 'epoch', 'second'),
  ...written('select id, date_part($1, born) from patients order by id', 'month', 'isodow'),
  ...written(
    'select id, to_char(started, $1) from encounters order by id',
    'YYYY-MM',
    'Mon DD',
    '"week" IW',
    'HH12 AM',
  ),
  ...written('select id, to_char(cost, $1) from encounters order by id', '999', 'FM000', '9,999.00'),
  ...written('select id, to_char(score, $1::varchar) from patients order by id', 'FM990.00'),
  query("select id from encounters where to_date('2024-' || $1, $2) <= started order by id", ['02-01', 'YYYY-MM-DD']),
  query('select date_bin($1, started, $2::timestamp) from encounters order by id', ['15 minutes', '2020-01-01']),
  query("select string_agg(status, $1) from encounters where status = 'closed'", [' | ']),
  query('select id, concat_ws($1, status, code, cost) from encounters order by id', [' - ']),
  query('select id, split_part(name, $1, $2), left(name, $2), right(name, $3) from patients order by id', [
    'n',
    '1',
    '-2',
  ]),
  query('select id, left(name, $1), right(name, $1) from patients order by id', ['0']),
  query('select id, trim($1 from name), ltrim(name, $1) from patients order by id', ['A']),
  query("select id, translate(name, $1, $2), regexp_replace(name, $1, $2, 'g') from patients order by id", ['n', 'N']),
  query('select id from patients where starts_with(name, $1) order by id', ['A']),
  ...written('select id from patients where name ~ $1 order by id', '^A', 'n$', '[ab]', '^.*o.*$'),
  ...written('select id from patients where name !~* $1 or name similar to $1 order by id', 'a', 'ann|bob'),
  query('select id, ntile($1) over (order by id) from patients order by id', ['3']),
  query('select percentile_cont($1) within group (order by cost) from encounters', ['0.9']),
  query('select started at time zone $1 from encounters order by id', ['UTC']),
  query('select id, json_build_object($1::text, name, $2::text, id) from patients where name is not null order by id', [
    'who',
    'key',
  ]),
  query('select p.id, e.id, date_part($1, age(e.started, p.born)) from patients p, encounters e order by 1, 2', [
    'year',
  ]),
  query('select round($1), round($2), abs($1), mod($3, 4), ceil($2)', ['-0.5', '2.5', '7']),
  // The same parameter used as a value.
  query('select id, date_trunc($1, started), $1::text from encounters where status = $1 or true order by id', ['day']),
  // A parameter that is not an operand of a comparison.
  query('select id from wards where id < any (select nullif($1, p.id) from patients p) order by id', ['4']),
  query('select id from patients where nullif($1, true) order by id', ['0']),
  query('select id, coalesce(cost, $1) > 6, case when id > $2 then $3 else cost end from encounters order by id', [
    ...['9', '3', '10'],
  ]),
  query('select bool_or($1), bool_and($2) from patients', ['1', '0']),
  // Dates in UNION with timestamps become timestamps.
  query('select started - $1::interval from encounters union all select born from patients order by 1', ['1 day']),
  query(
    'select coalesce(started, $1), greatest(started, $2), coalesce(started, born) from encounters e join patients p on p.id = e.id order by e.id',
    [...['2024-02-03', '2024-02-03']],
  ),
  query(
    'select case when e.id > 3 then born else started end, nullif(born, $1) from encounters e join patients p on p.id = e.id order by e.id',
    ['1999-01-31'],
  ),
  query(
    'select born as x from patients union select null union select started from encounters order by x desc nulls last',
  ),
  query('select $1 as g, status, count(*) from encounters group by cube ($1, status)', ['x']),
];
