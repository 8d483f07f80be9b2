import type { WrittenQuery } from './query-grammar.ts';
import { query } from './written-queries.ts';

/** Queries of ORMs, reports and clinical analyses beyond plain rows and sums. */
export const reportingQueries: readonly WrittenQuery[] = [
  // A value compared with the elements of an array.
  query("select id from patients where name like any (array['A%', '%b%']) order by id"),
  query('select id from patients where name ilike any ($1) order by id', ['{a%,%B%}']),
  query("select id from patients where name not like all ('{A%,%b%}'::text[]) order by id"),
  query('select id from encounters where cost > all ($1::int[]) order by id', ['{3,5}']),
  query("select id, cost >= any ('{3,9}'), cost <> any (array[5]) from encounters order by id"),
  query("select id from encounters where cost < all ('{}') order by id"),
  // Collations by code points have no effect.
  query(
    'select name collate "C" from patients where name collate "C" < \'b\' order by name collate "C" desc nulls last',
  ),
  query('select (id::text || name) collate "POSIX", min(name collate "C") over () from patients order by id'),
  // All rows as one group.
  query('select 1 as one from encounters having count(1) > 0'),
  query('select 1 as one from encounters where id < 0 having count(1) > 0'),
  query("select 'x', 2 from encounters having sum(cost) > 10 limit 1"),
  // Sorted by an expression that is not in the result.
  query(
    "select coalesce(status, 'all'), count(*) from encounters group by rollup (status) order by grouping(status), status",
  ),
  query(
    'select count(*) from encounters group by cube (status, patient_id) order by sum(cost) nulls first, status, patient_id, 1',
  ),
  query(
    "select coalesce(status, '-') as s from encounters group by grouping sets ((status), ()) order by max(id), status desc nulls last limit 3",
  ),
  // Correlation and regression.
  query(
    'select round(corr(id, cost)::numeric, 9), round(covar_pop(id, cost)::numeric, 9), round(covar_samp(id, cost)::numeric, 9) from encounters',
  ),
  query(
    'select round(regr_slope(cost, id)::numeric, 9), round(regr_intercept(cost, id)::numeric, 9), round(regr_r2(cost, id)::numeric, 9) from encounters',
  ),
  query(
    'select regr_count(cost, id), regr_avgx(cost, id), regr_avgy(id, cost), regr_sxx(id, id), regr_syy(id, id), regr_sxy(id, id) from encounters',
  ),
  query(
    'select active, regr_count(score, id), corr(score, id) is null, regr_slope(score::float8, id::double precision) is null from patients group by active order by active',
  ),
  query(
    'select corr(id, id) filter (where id = 1), regr_r2(1, id), regr_r2(id, 1), covar_samp(cost, id) filter (where cost > 100) from encounters',
  ),
  // JSON aggregates.
  query('select json_agg(name order by id) from patients'),
  query('select json_agg(distinct name) from patients'),
  query(
    'select active, jsonb_agg(id order by name desc nulls last, id) as ids from patients group by active order by active',
  ),
  query("select coalesce(json_agg(id order by id) filter (where cost > 5), '[]'::json) from encounters"),
  query("select coalesce(json_agg(id order by id), '[]') from encounters where id < 0"),
  query('select json_agg(id) from encounters where id < 0'),
  query("select json_agg(json_build_object('id', id, 'on', active, 'name', name) order by id) from patients"),
  query('select json_agg(t order by t.id) from (select id, name, active, born from patients) t'),
  query('select jsonb_agg(t.* order by id) from patients t'),
  query('select row_to_json(t) from (select id, started, status, code from encounters where started is not null) t'),
  query('select id, to_json(name), to_jsonb(active), to_json(born) from patients order by id'),
  query(
    "select json_build_object('on', active, 'of', json_build_array(active, name, null), 'none', json_build_object()) from patients order by id",
  ),
  query(
    "select p.id, (select coalesce(json_agg(e.cost), '[]'::json) from encounters e where e.patient_id = p.id and e.id in (3, 4, 5)) from patients p order by 1",
  ),
  query(
    "select jsonb_build_object('id', p.id, 'costs', (select jsonb_agg(e.cost) from encounters e where e.patient_id = p.id and e.id > 2 and e.id < 8)) from patients p order by p.id",
  ),
  // Array and object aggregates, and mode().
  query('select array_agg(id order by id desc), array_agg(name order by id) filter (where active) from patients'),
  query(
    'select patient_id, array_agg(distinct cost), array_agg(status order by id) from encounters group by patient_id order by 1',
  ),
  query("select coalesce(array_agg(born order by id), '{}') as days from patients where id > $1", ['12']),
  query(
    "select status, array_to_string(array_agg(cost order by id), '; ', '-') from encounters group by status order by 1",
  ),
  query(
    'select array_agg(active order by id), array_agg(started order by encounters.id) from patients join encounters using (id)',
  ),
  query('select mode() within group (order by status desc), mode() within group (order by cost) from encounters'),
  query(
    'select status, mode() within group (order by patient_id) filter (where id > 1) from encounters group by status order by 1',
  ),
  // The same in subqueries, as values and in FROM.
  query(
    "select p.id, (select string_agg(e.status, ', ' order by e.id) from encounters e where e.patient_id = p.id) from patients p order by p.id",
  ),
  query(
    'select p.id, array(select e.cost from encounters e where e.patient_id = p.id order by e.started desc, e.id) as costs from patients p order by p.id',
  ),
  query(
    'select array(select distinct status from encounters order by status), array(select id from patients order by 1 desc limit 3), array(select id from wards where id > 99)',
  ),
  query(
    "select w.id, q.names, q.n from wards w left join (select parent, string_agg(label, '; ' order by label desc) as names, count(*) as n from wards group by parent) q on q.parent = w.id order by w.id",
  ),
  query(
    'with q as (select patient_id, array_agg(id order by id) as ids from encounters group by patient_id) select p.id, q.ids from patients p join q on q.patient_id = p.id order by p.id',
  ),
  query(
    "select p.id, x.s from patients p left join lateral (select string_agg(e.status, '-' order by e.id) as s from encounters e where e.patient_id = p.id) x on true order by p.id",
  ),
  query("select count(*) from (select parent, string_agg(label, ', ' order by label) from wards group by parent) q"),
  query('select id from patients where id = any(array(select patient_id from encounters where cost > 4)) order by id'),
  query('select id from wards where id <> all(array(select parent from wards where parent is not null)) order by id'),
  query('select json_object_agg(id, parent order by id), jsonb_object_agg(label, parent order by id) from wards'),
  // Columns with the same name.
  query(
    'select distinct p.id, e.id from patients p join encounters e on e.patient_id = p.id order by p.id, e.id limit 4',
  ),
  query(
    'select distinct on (p.id) p.id, e.id from patients p join encounters e on e.patient_id = p.id order by p.id, e.id desc',
  ),
  query('select parent, sum(id), sum(parent) from wards group by parent union all select 0, 1, 2 order by 1, 3 desc'),
  query('select status, sum(cost), sum(id) from encounters group by rollup(status) order by sum(id), 2'),
  query('select w.id, p.id from wards w join patients p on p.id = w.id order by w.label, w.id offset 1'),
  // The scale of COALESCE and CASE.
  query(
    'select coalesce(sum(x), 0), sum(case when x > $1 then x else 0 end), coalesce(sum(x), 0) * 1.5, coalesce(max(x), 0) + coalesce(min(x), 0.0), coalesce(sum(x), 0) / 3, avg(case when x > 1 then x else 0 end) from (select score::numeric(6, 2) as x, active from patients) p group by active order by active',
    ['99'],
  ),
  query(
    'select id, greatest(x, 2), case when id > 4 then x when id > 2 then -9 else 7.5 end, lag(x, 1, 9) over (order by id), x / 3 * 100, x / 7 / 2 from (select score::numeric(6, 2) as x, id from patients) p order by id',
  ),
  query(
    'select id, var_pop(x), stddev_pop(x), variance(x) from (select score::numeric(6, 2) as x, id from patients) p group by id order by id',
  ),
  // Bit operations, also on negative numbers.
  query(
    'select id & 5, id | 6, 3 & cost, cost # 9, cost | 1, ~cost, ~(-id), cost >> 1, -id >> 2, cost & 0 from encounters order by id',
  ),
  query('select cost << 1, -id << 3, cost << 0, cost << 29, (id - 4) << 30 from encounters order by id'),
  query('select count(*) from encounters where cost & 4 = 4 and (id | 1) <> 3'),
  // Time zones.
  query(
    "select id, started::timestamp at time zone 'Europe/Berlin', started::timestamptz at time zone 'America/New_York' from encounters order by id",
  ),
  query(
    "select date_trunc('day', started::timestamptz at time zone 'Australia/Lord_Howe'), count(*) from encounters group by 1 order by 1",
  ),
  query('select id from encounters where (started::timestamptz at time zone $1)::date = $2 order by id', [
    'Asia/Tokyo',
    '2024-03-01',
  ]),
  query(
    "select (started at time zone 'UTC' at time zone 'Asia/Kolkata')::date, extract(hour from started::timestamptz at time zone 'Africa/Cairo')::int from encounters order by id",
  ),
  query(
    "select timestamp '2024-03-31 02:30' at time zone 'Europe/Berlin', timestamp '2024-10-27 02:30' at time zone 'Europe/Berlin', timestamptz '2024-07-01 12:00Z' at time zone 'Europe/London'",
  ),
];
