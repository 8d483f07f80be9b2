import { query } from './written-queries.ts';
import type { WrittenQuery } from './query-grammar.ts';

/** What clinical reports do with time: lengths of stay, ages, gaps between rows and what runs on since then. */
export const timeQueries: readonly WrittenQuery[] = [
  query('select id from encounters where started > $2::timestamp - $1::interval order by id', [
    '1 mon 2 days 03:04:05.5',
    '2024-03-01',
  ]),
  query(
    'select p.id, e.id, age(e.started, p.born), age(p.born, e.started) from patients p, encounters e order by 1, 2',
  ),
  query(
    'select a.id, b.id, age(a.started, b.started) as since, age(a.started::date, b.started::date) from encounters a, encounters b order by 1, 2',
  ),
  query(
    'select age(max(started), min(started)), max(id) from encounters group by status having count(*) > 0 order by 2',
  ),
  query(
    "select id, age(timestamp '2024-03-31 10:20:30', started), age(started, timestamp '2023-02-28 23:59:59.75') from encounters order by id",
  ),
  query("select id, started + interval '1' hour, started - interval '6' hour from encounters order by id"),
  query(
    "select started + interval '1-2' year to month, started - interval '1 12:30' day to minute from encounters order by id",
  ),
  query(
    "select started + interval '1.5 days', started + interval '90.5 seconds', started - interval '02:30' from encounters order by id",
  ),
  query(
    "select started + interval 'P1DT12H', started - interval '1 week ago', started + '1 mon 1 day' from encounters order by id",
  ),
  query("select born + interval '18 years' <= date '2024-03-01', born - interval '1' month from patients order by id"),
  query(
    "select started + 3 * interval '1 day', started - interval '1 hour' * 2, started + interval '1 day' / 4 from encounters order by id",
  ),
  query(
    "select started + cost * interval '1 day', started - cost * interval '1 month', started + (cost * interval '30 minutes') from encounters order by id",
  ),
  query("select started + cost * 0.5 * interval '1 day' from encounters order by id"),
  query(
    "select started + (cost || ' days')::interval, started - (cost::text || ' hours')::interval from encounters order by id",
  ),
  query(
    'select started + make_interval(days => cost, hours => 3), started - make_interval(0, 1) from encounters order by id',
  ),
  query(
    "select started - (interval '1 day' + interval '2 hours'), started + -interval '1 day' from encounters order by id",
  ),
  query("select id, timestamp '2024-03-01 12:00' - started from encounters order by id"),
  query("select id, started - timestamp '2024-02-01 00:00:00.25' as gap from encounters order by gap, id"),
  query("select id, started - date '2024-01-31', date '2024-03-01' - started from encounters order by id"),
  query("select id, extract(epoch from timestamp '2024-03-01' - started) / 3600.0 from encounters order by id"),
  query("select id, extract(epoch from (timestamp '2024-03-01' - started))::int / 60 from encounters order by id"),
  query(
    "select extract(day from timestamp '2024-03-01' - started), extract(hour from timestamp '2024-03-01 07:08:09.5' - started), extract(minute from started - timestamp '2024-03-01 07:08:09.5'), extract(second from started - timestamp '2024-03-01 07:08:09.5') from encounters order by id",
  ),
  query("select date_part('day', timestamp '2024-03-01' - started) from encounters order by id"),
  query("select id from encounters where timestamp '2024-03-01' - started > interval '1 month' order by id"),
  query(
    "select id from encounters where timestamp '2024-03-01' - started between '12 hours' and interval '45 days' order by id",
  ),
  query("select id from encounters where started - timestamp '2024-01-31 10:20:30' = '0' order by id"),
  query("select id, timestamp '2024-03-01' - started > '1 year -1 day' from encounters order by id"),
  query(
    "select patient_id, max(started) - min(started), min(timestamp '2024-03-01' - started) from encounters group by patient_id order by patient_id",
  ),
  query(
    "select patient_id, extract(epoch from sum(timestamp '2024-03-01' - started)), extract(epoch from avg(timestamp '2024-03-01' - started)) from encounters group by patient_id order by patient_id",
  ),
  query(
    "select patient_id, sum(timestamp '2024-03-01' - started), avg(timestamp '2024-03-01' - started) filter (where id > 2) from encounters group by patient_id order by 3 desc, patient_id",
  ),
  query(
    "with a as (select patient_id, avg(timestamp '2024-03-01' - started) as d from encounters group by patient_id) select e.id, extract(epoch from a.d) from encounters e join a on a.patient_id = e.patient_id where timestamp '2024-03-01' - e.started >= a.d order by e.id",
  ),
  query('select id, started - lag(started) over (order by id) from encounters order by id'),
  query(
    "with g as (select id, started - lag(started) over (order by id) as gap from encounters) select id, gap, extract(epoch from gap), extract(day from gap), gap > interval '1 day' from g order by id",
  ),
  query(
    "select x.id, x.d from (select id, timestamp '2024-03-01' - started as d from encounters) x order by x.d desc nulls last, x.id",
  ),
  query(
    "select id, extract(year from age(date '2024-02-29', born)), extract(month from age(date '2024-02-29', born)) from patients order by id",
  ),
  query(
    "select id, age(date '2024-06-01', born) < interval '44 years', age('2024-06-01', born) between '20 years' and interval '50 years 3 mons' from patients order by id",
  ),
  query(
    'select a.id, b.id, extract(day from age(a.started, b.started)), extract(day from age(a.started::date, b.started)) from encounters a, encounters b order by 1, 2',
  ),
  query(
    "select a.id, b.id, age(a.born, b.born) > interval '10 years 3 mons 5 days', age(a.born, b.born) = '1 year' from patients a, patients b order by 1, 2",
  ),
  query(
    "select id from encounters where (started, started + interval '1 day') overlaps ('2024-01-31', '2024-02-29 23:59:00') order by id",
  ),
  query("select id, date_part('year', age(timestamp '2024-02-28 12:00', born)) from patients order by id"),
  query(
    "select id, extract(year from age(born, date '2000-02-28')), extract(month from age(born, date '2000-02-28')) from patients order by id",
  ),
  query(
    "select id, case when extract(year from age(date '2024-06-01', born)) >= 65 then 'old' else 'young' end from patients order by id",
  ),
  query(
    "select date_trunc('second', started + interval '0.75 seconds'), date_trunc('second', started) - date_trunc('hour', started) from encounters order by id",
  ),
  query('select make_date(2024, 2, 28), make_timestamp(cost + 2000, 1, 1, 0, 0, 0) from encounters order by id'),
  query(
    "select to_char(started, 'YYYY-MM'), to_char(started, 'DD.MM.YYYY HH24:MI:SS'), to_char(born, 'YYYY/MM/DD') from encounters e join patients p on p.id = e.id order by e.id",
  ),
  query(
    "select to_char(started, 'YYYY-MM') as m, count(*) from encounters group by to_char(started, 'YYYY-MM') order by 1",
  ),
  query("select to_date('2024-02-29', 'YYYY-MM-DD'), to_date('29.02.2024', 'DD.MM.YYYY') + 1"),
  query("select to_timestamp('2024-02-29 10:11:12', 'YYYY-MM-DD HH24:MI:SS')"),
  query(
    'select id, sum(cost) over (order by id), count(*) over (partition by patient_id order by started, id) from encounters order by id',
  ),
  query(
    'select id, sum(cost) over w, avg(cost) over w, rank() over (w order by code desc) from encounters window w as (partition by patient_id) order by id',
  ),
  query('select id, sum(cost) over w from encounters window w as (partition by status order by id desc) order by id'),
  query(
    'with d as (select patient_id, status, sum(cost) as c from encounters group by patient_id, status) select patient_id, status, sum(c) over (partition by patient_id order by status) from d order by 1, 2',
  ),
  query(
    'with d as (select patient_id, started, max(cost) as c from encounters group by 1, 2), s as (select v.*, sum(case when c > 5 then 1 else 0 end) over (partition by patient_id order by started nulls first) as part from d v) select s.*, sum(c) over (partition by patient_id, part order by started) from s order by patient_id, started',
  ),
  query(
    'select id, sum(cost) over (order by started, id rows unbounded preceding), count(*) over (order by id desc rows between unbounded preceding and current row) from encounters order by id',
  ),
  query(
    'select id, sum(cost) over (partition by patient_id order by id rows between current row and unbounded following), min(status) over (order by id rows between current row and unbounded following) from encounters order by id',
  ),
  query(
    'select id, max(cost) over (partition by patient_id order by started range between unbounded preceding and unbounded following), first_value(cost) over (order by id rows between unbounded preceding and unbounded following) from encounters order by id',
  ),
  query(
    'select id, last_value(status) over (partition by patient_id order by started desc, id rows between unbounded preceding and unbounded following), last_value(cost) over (order by started rows unbounded preceding) from encounters order by id',
  ),
  query(
    'select id, sum(cost) over (order by id rows 2 preceding), avg(cost) over w, sum(cost) over (order by id desc rows between 2 following and 3 following) from encounters window w as (order by id rows between 1 preceding and 1 following) order by id',
  ),
  query(
    'select id, rank() over (order by cost rows between 1 preceding and current row), lag(id) over (order by id rows unbounded preceding) from encounters order by id',
  ),
  query(
    'select started, avg(sum(cost)) over (order by started rows between 6 preceding and current row) from encounters group by started order by started',
  ),
  query(
    'select id, round(cost / 2, 1), trunc(id, 1), round(score::float8) from encounters join patients using (id) order by id',
  ),
  query(
    'select patient_id, sum(count(*)) over (order by patient_id) from encounters group by patient_id order by patient_id',
  ),
  query('select status, max(sum(cost)) over (order by status desc) from encounters group by status order by status'),
  query(
    'with d as (select distinct patient_id, status from encounters) select patient_id, status, count(*) over (partition by status order by patient_id) from d order by 1, 2',
  ),
  query(
    'select e.id, w.id, count(*) over (order by w.id, e.id) from encounters e join wards w on w.id <= e.cost order by e.id, w.id',
  ),
  query('select id, greatest(cost, id, 4), least(cost, id), greatest(cost, patient_id) from encounters order by id'),
  query(
    "select id, greatest(started, timestamp '2024-01-01'), least(born, date '1990-01-01') from encounters e join patients p using (id) order by id",
  ),
  query(
    "select string_agg(label, ' | ') filter (where id < 2), string_agg(label, '') filter (where id = 3), string_agg('a,b', ';') from wards where id in (1, 3)",
  ),
  query("select id, coalesce(started - timestamp '2024-01-31', '1 hour') < '2 hours' from encounters order by id"),
  query(
    "select timestamp '2024-03-01' - started from encounters union all select started - timestamp '2024-01-01' from encounters order by 1",
  ),
  query(
    "select id, started::time + interval '90 minutes', started::time - interval '13 hours', interval '1 day 1 hour' + started::time, started::time - time '08:00', date '2024-01-01' + started::time from encounters order by id",
  ),
  query(
    "select id from encounters where started::time - time '08:00' > interval '1 hour' or started::time + date '2024-01-01' < timestamp '2024-01-01 07:00' order by id",
  ),
  query('select div(cost, 3), div(-7, 2), div(cost + 0.5, 2) from encounters order by id'),
];
