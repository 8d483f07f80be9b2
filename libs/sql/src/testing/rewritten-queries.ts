import type { WrittenQuery } from './query-grammar.ts';
import { query } from './written-queries.ts';

const periods = (one: string, other: string): WrittenQuery =>
  query(`select p.id, e.id, (${one}) overlaps (${other}), not (${one}) overlaps (${other})
    from patients p cross join encounters e order by p.id, e.id`);

/** Queries that need rewriting: peers of running sums, casts of text, row IN (query), series, NATURAL JOIN. */
export const rewrittenQueries: readonly WrittenQuery[] = [
  query("select string_agg(name, ', ' order by id), string_agg(name, '' order by name desc, id) from patients"),
  query(
    "select status, string_agg(code, ', ' order by started desc nulls last, id), count(*) from encounters group by status order by status",
  ),
  query(
    "select status, string_agg(distinct note, ';' order by note desc) as notes, max(cost) from (select status, cost, code as note from encounters union all select status, cost, status from encounters) x group by 1 order by 1 desc limit 3",
  ),
  query("select active, string_agg(distinct name, ',' order by name nulls first) from patients group by active"),
  query(
    "select coalesce(string_agg(name, '|' order by score, id) filter (where active), 'no, none') as a, coalesce(string_agg(name, ',' order by id) filter (where id > 99), '') from patients",
  ),
  query(
    "select p.active, string_agg(e.status || ':' || e.cost, ',' order by e.cost, e.id), percentile_cont(0.5) within group (order by e.cost) from patients p join encounters e on e.patient_id = p.id where e.id > $1 group by p.active having count(*) > 0 order by count(*), 1",
    ['0'],
  ),
  query('select id, last_value(cost) over (order by id), last_value(id) over (order by started, id) from encounters'),
  query(
    "select q.k, q.c, p.id from (select $1 as k, 'x' as c, id from patients) q join patients p on p.id = q.id order by q.k, p.id",
    ['10'],
  ),
  query("select max('b'), min(null), max(nullif(null, name)), count(nullif('Ann', name)) from patients"),
  query("select id, nullif('2024-02-29', born), nullif('5', id) from patients order by id"),
  query("select max(nullif('10', name)), min(nullif('ann', name)) from patients"),
  query('select cost, (select count(*) from wards w where w.id = e.cost) from encounters e group by e.cost'),
  query(
    'select coalesce((select w.id from wards w where w.id = e.cost), 7) from encounters e group by (select w.id from wards w where w.id = e.cost)',
  ),
  query('select sum((select max(id) from wards w where w.id = e.cost)) from encounters e group by status order by 1'),
  query(
    "select e.id, f.id, (e.started, interval '1 month') overlaps (f.started, interval '2 hours') from encounters e, encounters f order by 1, 2",
  ),
  query(
    "select p.id, e.id, (p.born, e.started) overlaps (p.born, interval '-1 year'), (p.born, p.born) overlaps (e.started, date '2024-01-01') from patients p, encounters e order by 1, 2",
  ),
  query(
    'select a.id, l.n, l.m from encounters a left join lateral (select z.id as n, (select max(p.id) from patients p where p.id <= z.id) as m from wards z where z.id = a.cost order by z.id limit 2) l on true order by 1, 2',
  ),
  query('select id, sum(cost) over (order by started), count(*) over (order by started) from encounters order by id'),
  query(
    'select id, count(cost) over (order by started desc), avg(cost) over (order by started) from encounters order by id',
  ),
  query(
    'select id, min(cost) over (order by status), max(cost) over (order by status desc) from encounters order by id',
  ),
  query('select id, sum(cost) over (partition by status order by patient_id) from encounters order by id'),
  query(
    'select id, sum(score) over (order by born nulls first), avg(score) over (order by born) from patients order by id',
  ),
  query(
    'select id, max(started) over (order by patient_id), min(started) over (order by patient_id) from encounters order by id',
  ),
  query(
    'select e.id, sum(cost) over (order by e.id), 2 * count(*) over (order by e.id) from encounters e join patients p on true',
  ),
  query(
    'select id, 10 - sum(cost) over (order by status), sum(cost) over (order by status) * 2 from encounters order by id',
  ),
  query(
    'select status, sum(sum(cost)) over (order by count(*)), count(*) over (order by count(*)) from encounters group by status order by status',
  ),
  query('select id, sum(cost) over (order by started, id rows 1 preceding) from encounters order by id'),
  query('select id, ntile(3) over (order by id) * 10 from patients order by id'),
  query(
    'select id, lag(cost, 1, 0.5) over (order by id), lead(id, 2, -1) over (order by id) from encounters order by id',
  ),
  query(
    "select id, name::int, name::bigint + 1, name::smallint from patients where name in ('10', '9', '-2') order by id",
  ),
  query("select id, name::numeric, name::float8 from patients where name in ('10', '9', '-2', '1.50') order by id"),
  query('select id, nullif(name, name)::int, nullif(name, name)::date from patients order by id'),
  query("select id, (id || '-0' || id || '-01')::text from wards order by id"),
  query(
    "select id, ('202' || id || '-02-03')::date, ('202' || id || '-02-03 04:05:06')::timestamp from wards order by id",
  ),
  query("select id, ('202' || id || '-02-03')::timestamp from wards order by id"),
  query("select id, (case id when 1 then 'yes' when 2 then 'OFF' when 3 then '1' end)::bool from wards order by id"),
  query('select id from patients where (id, name) in (select id, label from wards) order by id'),
  query('select id from patients where (id, name) not in (select id, label from wards) order by id'),
  query(
    'select id from encounters where (patient_id, cost) in (select patient_id, max(cost) from encounters group by patient_id) order by id',
  ),
  query(
    'select id, (patient_id, cost) in (select patient_id, cost from encounters where id > 2) from encounters order by id',
  ),
  query(
    'select id, (patient_id, cost) not in (select patient_id, cost from encounters where id in (3, 6)) from encounters order by id',
  ),
  query('select id from encounters e where (id, 1) in (select p.id, e.patient_id from patients p) order by id'),
  query('select * from generate_series(1, 3) g order by 1'),
  query('select g.n, id from generate_series(5, 1, -2) as g(n) left join wards on id = n order by 1'),
  query('select count(*) from generate_series(3, 1)'),
  query("select d::date from generate_series('2024-01-30'::date, '2024-05-01', '1 month') as d order by 1"),
  query(
    "select d from generate_series(timestamp '2024-01-30 10:00', '2024-01-31 11:00', interval '6 hours') d order by d desc",
  ),
  query(
    'select m, count(e.id) from generate_series(1, 12) m left join encounters e on extract(month from e.started) = m group by m order by m',
  ),
  query('select * from wards natural join (select id, cost from encounters) e order by id'),
  query('select * from wards natural left join (select id, cost from encounters where id > 3) e order by id'),
  query('select count(*) from wards natural join (select cost from encounters) e'),
  query('select w.a, w.label from wards w(a, b) where w.b = 2 order by w.a'),
  query('with v as (select id, cost from encounters) select x.n, x.cost from v as x(n) order by 1'),
  periods('p.born, e.started::date', "date '2000-01-01', date '2024-02-01'"),
  periods("timestamp '2024-01-01', e.started", "timestamp '2024-03-01', timestamp '2024-01-31 10:20:30'"),
  periods('p.born, p.born', "p.born, date '1990-01-01'"),
  query(
    "select id, to_char(started, 'yyyy-mm-dd hh24:mi:ss'), to_char(started, 'SSSS MS US ssss') from encounters order by id",
  ),
  query("select id, to_char(started, 'FMdd.FMmm.yy Dy dy Q d') from encounters order by id"),
  query(
    "select id, extract(hours from started), extract(mins from started), date_part('yr', started) from encounters order by id",
  ),
  query("select id, date_trunc('years', started), date_trunc('hr', started) from encounters order by id"),
  query("select 'hawkeye' like 'H%', 'hawkeye' like 'h%', $1 like 'H%'", ['hawk']),
  query('select id from patients where $1 like name order by id', ['ann']),
  query('select id, last_value(6) over (order by id rows unbounded preceding) as v from wards order by v, id desc'),
  query(
    "select string_agg(distinct code || '', '; ') from encounters where id < 2 union all select string_agg(distinct label, ',') from wards w, patients where w.id = 2",
  ),
  query("select id from wards where 'a'::text like 'A%' or 'n'::varchar like label order by id"),
  // Recursive queries, run level by level.
  query(
    'with recursive tree as (select id, label, parent, 1 as level from wards where parent is null union all select w.id, w.label, w.parent, t.level + 1 from wards w join tree t on w.parent = t.id) select * from tree order by id',
  ),
  query(
    "with recursive tree(i, path) as (select id, label::text from wards where id = $1 union all select w.id, t.path || '/' || w.label from wards w, tree t where w.parent = t.i), n as (select count(*) as n from tree) select i, path, n from tree, n order by path, i",
    ['1'],
  ),
  query(
    'with recursive up as (select * from wards where id = 5 union select w.* from up join wards w on up.parent = w.id) select e.id, e.status from encounters e where patient_id in (select id from up) order by e.id',
  ),
  query(
    'with recursive n(x) as (select 1 union all select x + 1 from n where x < 9) select x, sum(w.id) from n left join wards w on w.parent = x group by x order by x',
  ),
];
