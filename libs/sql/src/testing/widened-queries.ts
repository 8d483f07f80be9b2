import type { WrittenQuery } from './query-grammar.ts';
import { query } from './written-queries.ts';

/** What IRIS has other functions for, or none: patterns, numbers as text, series, LATERAL. */
export const widenedQueries: readonly WrittenQuery[] = [
  query(
    "select id, split_part(name, 'n', 1), split_part(name, 'n', 2), split_part(name, 'n', 9), split_part(name, 'nn', 1) from patients order by id",
  ),
  query(
    "select id, split_part(name, 'n', -1), split_part(name, 'n', -2), split_part(name, 'x', -9) from patients order by id",
  ),
  query(
    "select id, overlay(name placing 'xx' from 2), overlay(name placing '' from 1 for 2), overlay(name placing name from 3 for id) from patients order by id",
  ),
  query('select id, substring(name, 0, 3), substring(name from -1 for 3), substr(name, -5) from patients order by id'),
  query(
    "select id, regexp_replace(name, '[an]+', '<>', 'g'), regexp_replace(name, '\\s+', ' ', 'g'), regexp_replace(name, '[nb]', 'nn', 'g') from patients order by id",
  ),
  query(
    'select id, num_nulls(name, born, 1), num_nonnulls(name, born), (name, born) is null, (name, born) is not null from patients order by id',
  ),
  query("select split_part('a,b,c', ',', 2), split_part('', ',', 1), split_part('abc', 'B', 1)"),
  query("select split_part(code, '1', 1), count(*) from encounters group by 1 order by 1"),
  query(
    "select translate(name, 'an', 'x'), translate(name, 'aA', 'AaB'), translate(name, '', 'x'), translate(name, 'nan', 'xyz') from patients order by id",
  ),
  query(
    "select concat_ws('-', name, id, score::numeric(8,2), null), concat_ws(', ', name, null), concat_ws('', name, 'x'), concat_ws(',', null, null) from patients order by id",
  ),
  query("select concat_ws(', ', label, parent) from wards order by id"),
  query(
    'select left(name, -1), right(name, -1), left(name, -3), right(name, -30), left(name, 2), right(name,0) from patients order by id',
  ),
  query(
    "select regexp_replace(name, '[^a-z]', '', 'g'), regexp_replace(name, '[aeiou]', '', 'g'), regexp_replace(name, '\\d+', '', 'g'), regexp_replace(name, '\\s', '_', 'g'), regexp_replace(name, 'n', 'mm', 'g'), regexp_replace(name, '\\D', '', 'g'), regexp_replace(name, '[^0-9.]+', '', 'g') from patients order by id",
  ),
  query(
    "select regexp_replace(name, '[a\\-''_]', '*', 'g'), regexp_replace(name, '\\.', '', 'g'), regexp_replace(name, '[A-C0-5]', '#', 'g') from patients order by id",
  ),
  query(
    "select greatest(name, 'Bob'), least(name, 'Bob'), greatest(name, null, 'a'), least(name, lower(name)), greatest(name) from patients order by id",
  ),
  query(
    'select greatest(name, code), least(status, name, code) from patients p left join encounters e on e.patient_id = p.id order by p.id, e.id',
  ),
  query(
    'select id, width_bucket(score, 0, 10, 4), width_bucket(id, 2, 12, 5), width_bucket(score, -2.5, 12.25, 3) from patients order by id',
  ),
  query(
    'select log(100.0)::numeric(10,4), round(degrees(pi())::numeric,4), round(sin(1.0)::numeric,6), round(atan(0.5)::numeric, 6), round(cot(1.0)::numeric,6), radians(180.0)::numeric(12,8)',
  ),
  query(
    "select started at time zone 'UTC', (started at time zone 'UTC')::date, date_trunc('day', started at time zone 'UTC'), to_char(started at time zone 'UTC', 'YYYY') from encounters order by id",
  ),
  query("select id from encounters where (started at time zone 'UTC')::date = '2024-01-31' order by id"),
  query(
    "select to_char(born, 'YYYY-MM-01'), to_char(started, '(YYYY) MM; 5_HH24') from patients p join encounters e on e.patient_id = p.id order by p.id, e.id",
  ),
  query(
    "select to_char(time '10:20:30', 'HH24:MI'), to_char(started::time, 'HH12:MI:SS AM') from encounters order by id",
  ),
  query("select upper(split_part(name, 'n', 1)) = 'A' from patients order by id"),
  query("select split_part(name, 'N', 1) x from patients where split_part(name, 'N', 1) > 'A' order by x, id"),
  query("select id from patients where concat_ws(' ', name, id) = 'Ann 1'"),
  query("select max(split_part(name,'n',1)), string_agg(translate(name,'n',''), ',') from patients where id < 3"),
  query("select id, name ~ '^(Ann|bob)$', not (name !~ '^(Ann|bob)$') from patients order by id"),
  query("select id, name ~ '(A|b)n', not (name !~ '(A|b)n') from patients order by id"),
  query("select id, name ~ 'Ann|bob$', not (name !~ 'Ann|bob$') from patients order by id"),
  query("select id, name ~ '^(A|a)nn?', not (name !~ '^(A|a)nn?') from patients order by id"),
  query("select id, name ~ '[ab]', not (name !~ '[ab]') from patients order by id"),
  query("select id, name ~ '^[A-Za-z]{3}$', not (name !~ '^[A-Z][a-z]+[ _]?$') from patients order by id"),
  query("select id, name ~ '^[A-C]', not (name !~ '^[A-C]') from patients order by id"),
  query("select id, name ~ '^[0-9]$', not (name !~ '^[0-9]$') from patients order by id"),
  query("select id, name ~ 'h?', not (name !~ 'h?') from patients order by id"),
  query("select id, name ~ '^a|b$', not (name !~ '^a|b$') from patients order by id"),
  query("select id, name ~ '^(a|b)c?$', not (name !~ '^(a|b)c?$') from patients order by id"),
  query("select id, name ~ '^(a(n|b)|z)', not (name !~ '^(a(n|b)|z)') from patients order by id"),
  query("select id, name ~ '[a\\-_]', not (name !~ '[a\\-_]') from patients order by id"),
  query("select id, name ~ '(x|)', not (name !~ '(x|)') from patients order by id"),
  query("select id, name ~ '^u[0-9]+', not (name !~ '^u[0-9]+') from patients order by id"),
  query("select id, name ~ 'n+', not (name !~ 'n+') from patients order by id"),
  query("select id, name ~ '^[0-9]+$', not (name !~ '^[0-9]+$') from patients order by id"),
  query("select id, name ~ '^-?[0-9]+(\\.[0-9]+)?$', not (name !~ '^-?[0-9]+(\\.[0-9]+)?$') from patients order by id"),
  query("select id, name ~ '^(1|9)0?$', not (name !~ '^(1|9)0?$') from patients order by id"),
  query("select id, name ~ '^An+$', not (name !~ '^An+$') from patients order by id"),
  query("select id, name ~ 'n{2}', not (name !~ 'n{2}') from patients order by id"),
  query("select id, name ~ '\\d{1,2}', not (name !~ '\\d{1,2}') from patients order by id"),
  query("select id, name ~ '^A(nn)?$', not (name !~ '^A(nn)?$') from patients order by id"),
  query("select id, name ~ 'o.{1,3}a', not (name !~ 'o.{1,3}a') from patients order by id"),
  query("select id, name ~ '^[.0-9]', not (name !~ '^[.0-9]') from patients order by id"),
  query("select id from patients where name ~* '^(ann|bob)$' order by id"),
  query("select id from patients where name !~* '^(ann|bob)$' order by id"),
  query("select id from patients where name ~* '[a-c]b' order by id"),
  query("select id from patients where name !~* '[a-c]b' order by id"),
  query("select id from patients where name ~* '^[0-9]+$' order by id"),
  query("select id from patients where name !~* '^[0-9]+$' order by id"),
  query("select id from patients where name similar to '(A|a)nn' order by id"),
  query("select id from patients where name similar to '%(n|b)' order by id"),
  query("select id from patients where name similar to '[Aa]%' order by id"),
  query("select id from patients where name similar to 'a|b%' order by id"),
  query("select id from patients where name similar to '%n?' order by id"),
  query("select id from patients where name similar to '%[0-9]%' order by id"),
  query(
    "select x, to_char(x, 'FM999,999.00'), to_char(x, '0000'), to_char(x, '9990.99'), to_char(x, 'FM000') from (values (0::numeric),(0.5),(-0.5),(12),(-12),(1234.567),(-1234.567),(999.995),(-0.001),(99999),(1000000),(null),(9.999),(1000),(20.10)) v(x) order by 1",
  ),
  query(
    "select x, to_char(x, '$999,999.99'), to_char(x, '999'), to_char(x, 'FM99.99'), to_char(x, '99.99') from (values (0::numeric),(0.5),(-0.5),(12),(-12),(1234.567),(-1234.567),(999.995),(-0.001),(99999),(1000000),(null),(9.999),(1000),(20.10)) v(x) order by 1",
  ),
  query(
    "select x, to_char(x, 'FM990.00'), to_char(x, '9,999'), to_char(x, 'FM9G999G990D00'), to_char(x, '990%') from (values (0::numeric),(0.5),(-0.5),(12),(-12),(1234.567),(-1234.567),(999.995),(-0.001),(99999),(1000000),(null),(9.999),(1000),(20.10)) v(x) order by 1",
  ),
  query("select id, to_char(id, 'FM0000'), to_char(cost, '9,990.0') from encounters order by id"),
  query("select to_date(to_char(2011,'0000')||'-'||to_char(01,'00')||'-'||to_char(1,'00'), 'YYYY-MM-DD')"),
  query(
    "select id, to_date(to_char(extract(year from born),'0000')||'-'||to_char(extract(month from born),'00')||'-'||to_char(1,'00'), 'YYYY-MM-DD') from patients order by id",
  ),
  query("select score::numeric(8,2)::text, 'a' || (score::numeric(9,3) * -1) from patients order by id"),
  query(
    "select 'x' || extract(year from born), (extract(year from born) * 100 + extract(month from born))::text from patients order by id",
  ),
  query(
    "select floor(id / 10)::text, (floor(id / 3) * 10 + 9)::varchar, date_part('month', born)::text from patients order by id",
  ),
  query('select 1.50::text, (-0.50)::text, 0.00::text, (-12)::text, (0.05::numeric(8,2))::text'),
  query('select n from generate_series(1, (select max(id) from wards)) n order by n'),
  query(
    'select n, count(e.id) from generate_series(1, (select max(id) from wards)::int, 2) as n left join encounters e on e.patient_id = n group by n order by n',
  ),
  query(
    "select d::date, count(p.id) from generate_series((select min(born) from patients), (select min(born) + 5 from patients), '1 day') d left join patients p on p.born = d::date group by 1 order by 1",
  ),
  query("select d from generate_series(current_date - 3, current_date, interval '1 day') d order by d"),
  query(
    "select d from generate_series(date_trunc('month', (select min(started) from encounters)), (select max(started) from encounters), interval '1 month') as d order by d",
  ),
  query(
    "select d from generate_series((select min(started) from encounters), (select max(started) from encounters), interval '1 year 2 months') as d order by d",
  ),
  query(
    "select d from generate_series((select started from encounters where id = 1), '2024-03-05', interval '7 days') as d order by d",
  ),
  query(
    "select d from generate_series('2024-01-05', (select started from encounters where id = 1)::timestamptz, interval '36 hours') as d order by d",
  ),
  query('select generate_series(1, 5) as n order by n desc limit 2'),
  query('select generate_series(5, 1, -2) as n order by 1'),
  query('select generate_series(5, 1) as n'),
  query('select generate_series(null::int, 1) as n'),
  query('select id, generate_series(id, 3) as n from patients order by id, n'),
  query('select id, generate_series(1, id) * 2 as n, name from patients where id < 4 order by 1, 2'),
  query(
    "select generate_series(date_trunc('month', min(started)), max(started), interval '1 month')::date as m from encounters order by m",
  ),
  query(
    "select patient_id, generate_series(min(started), max(started), interval '20 days') as m from encounters group by patient_id order by 1, 2",
  ),
  query(
    "with m as (select generate_series(date_trunc('month', min(started)), max(started), interval '1 month') as m from encounters) select m, count(e.id) from m left join encounters e on date_trunc('month', e.started) = m group by m order by m",
  ),
  query('select distinct generate_series(1, id % 3) as x from patients order by x'),
  query('select count(*) from generate_series(1, (select 10000)) n'),
  query('select n, o from generate_series(3, (select 7), 2) with ordinality as t(n, o) order by o'),
  query("select d::date from generate_series('2024-01-28'::date, (select date '2024-05-31'), '1 month') d order by 1"),
  query(
    "select to_char(generate_series(date_trunc('month', min(started)), max(started), interval '1 month'), 'YYYY-MM') as m from encounters order by m",
  ),
  query(
    "select x.d from (select generate_series(date '2024-01-01', date '2024-01-03', '1 day') as d) x order by 1 desc",
  ),
  query('select n from generate_series(1, (select count(*) from wards)) n order by n'),
  query(
    "select generate_series(date '2024-01-01' , current_date - 0, interval '6 months')::date as d order by d limit 3",
  ),
  query(
    "select d from generate_series((select min(started) from encounters), (select max(started) from encounters), interval '1 year') as d order by d",
  ),
  query(
    'select p.id, x.n, x.m from patients p left join lateral (select count(*) as n, max(e.cost) as m from encounters e where e.patient_id = p.id) x on true order by p.id',
  ),
  query(
    'select p.id, x.net, x.net + 1 as y from patients p cross join lateral (select p.score - coalesce(p.id, 0) as net) x where x.net > -5 order by p.id',
  ),
  query(
    "select p.id, net from patients p, lateral (select p.score * 2 as net, name || '!' as t) x where t <> 'x' order by net, p.id",
  ),
  query(
    "select x.* from patients p, lateral (select p.score * 2 as net, name || '!' as t, upper(name) = 'ANN' as b) x order by 1, 2",
  ),
  query(
    "select p.id, v.k, v.x from patients p cross join lateral (values ('name', p.name), ('id', p.id::text), ('none', null)) as v(k, x) order by 1, 2",
  ),
  query(
    'select v.k, count(v.x), min(v.x) from patients p cross join lateral (values (1, p.name), (2, lower(p.name))) as v(k, x) group by v.k order by 1',
  ),
  query(
    'select p.id, x.id, x.status from patients p join lateral (select e.id, e.status from encounters e where e.patient_id = p.id order by e.started desc nulls last, e.id limit 1) x on true order by 1',
  ),
  query(
    'select p.id, x.id as xid from patients p left join lateral (select e.id from encounters e where e.patient_id = p.id and e.cost > 4 order by e.id desc limit 2) x on true order by 1, 2',
  ),
  query(
    'select p.id, x.* from patients p left join lateral (select e.id as eid, e.cost from encounters e where p.id = e.patient_id order by e.id limit 1) x on x.cost > 5 order by 1',
  ),
  query(
    'select p.id, x.id from patients p, lateral (select e.id from encounters e where e.patient_id = p.id) x order by 1, 2',
  ),
  query(
    'select w.id, x.id from wards w join lateral (select p.id from patients p where p.name = w.label order by p.id limit 1) x on true order by 1',
  ),
  query(
    'select w.id, x.n from wards w cross join lateral (select count(*) as n from wards c where c.parent = w.id) x where x.n > 0 order by x.n, w.id',
  ),
  query(
    'select x.n, count(*) from wards w cross join lateral (select count(*) as n from wards c where c.parent = w.id) x group by x.n order by 1',
  ),
  query(
    'select w.id, x.n, y.m from wards w cross join lateral (select count(*) as n from wards c where c.parent = w.id) x cross join lateral (select x.n * 10 as m) y order by 1',
  ),
  query(
    'select * from patients p join encounters e on e.patient_id = p.id cross join lateral (select e.cost + p.id as t) x order by e.id',
  ),
  query(
    'select p.id, x.lo, x.hi from patients p left join lateral (select min(e.started)::date as lo, coalesce(sum(e.cost), 0) as hi from encounters e where e.patient_id = p.id) x on true order by 1',
  ),
  query('select count(*) from patients p left join lateral (select 1 as one) x on true where x.one = 1'),
  query(
    'select p.id, x.id from patients p left join lateral (select e.id from encounters e where e.patient_id = p.id order by e.id limit 0) x on true order by 1',
  ),
  query(
    "select p.id, x.s from patients p left join lateral (select e.status as s from encounters e where e.patient_id = p.id and e.status is not null order by e.id limit 1) x on true where x.s = 'open' order by x.s, p.id",
  ),
  query(
    'select a.id, x.id from patients a cross join lateral (select b.id from patients b where b.name = a.name and b.id <> 7 order by b.id limit 1) x order by 1',
  ),
  query(
    'select a.id, b.id from patients a, wards w, lateral (select e.id from encounters e where e.patient_id = a.id and e.id = w.id) b order by 1, 2',
  ),
  query(
    'select x.g, avg(x.v) from encounters e cross join lateral (select e.cost % 3 as g, e.cost * 1.5 as v) x group by x.g having count(*) > 0 order by 1',
  ),
  query(
    'select a.id from patients a cross join lateral (select a.score as s) x order by x.s desc nulls last, a.id limit 3',
  ),
  query('select distinct x.l from patients a cross join lateral (select lower(a.name) as l) x order by x.l'),
  query(
    'select id, round(stddev(cost) over (partition by patient_id), 6), round(var_pop(cost) over (), 6) from encounters order by id',
  ),
  query(
    'select id, round(stddev_pop(score) over (partition by active), 6), round(variance(score) over (order by id rows between unbounded preceding and unbounded following), 6), round(var_samp(score) over (partition by name), 6) from patients order by id',
  ),
  query('select id, round(stddev(count(*)) over (), 6) from patients group by id order by id'),
  query("select id, json_build_object('id', id, 'n', name, 'b', born, 's', score, 'e', '') from patients order by id"),
  query(
    "select id, jsonb_build_object('zz', started, 'a', status, 'c', jsonb_build_array(cost, code, null, 'x')) from encounters order by id",
  ),
  query(
    "select json_build_array(name, upper(name), '\"\\u0000\"', '\\u0000', 1.50), json_build_object(), $1::text from patients order by id",
    [''],
  ),
];
