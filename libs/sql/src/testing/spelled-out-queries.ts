import type { WrittenQuery } from './query-grammar.ts';
import { query } from './written-queries.ts';

/** Queries with features that IRIS lacks, expressed by others: rows, patterns, weeks, ntile, grouping sets. */
export const spelledOutQueries: readonly WrittenQuery[] = [
  query("select id from patients where (id, name) is distinct from (1, 'Ann') order by id"),
  query('select id from patients where (id, name) is not distinct from (4, null) order by id'),
  query("select id from patients where (id, name) = (1, 'Ann') order by id"),
  query("select id from patients where (id, name) <> (1, 'Ann') order by id"),
  query('select id from patients where (id, score) < (3, 2.0) order by id'),
  query('select id from encounters where (started, id) > ($1, $2) order by started, id limit 3', ['2023-12-31', '3']),
  query('select id from patients where (name, id) >= ($1, $2) order by name, id', ['Ann', '2']),
  query('select id, (cost, patient_id) <= (7, 1) from encounters order by id'),
  query('select id, (cost, patient_id) <> (7, 1), (cost, patient_id) = (7, 1) from encounters order by id'),
  query("select id from patients where (id, name) in ((1, 'Ann'), (2, 'ann')) order by id"),
  query("select id from patients where (id, name) not in ((1, 'Ann'), (2, 'ann')) order by id"),
  query('select id, (cost, patient_id) not in ((7, 1), (5, 1)) from encounters order by id'),
  query('select id from encounters where (patient_id, id) in (($1, $2), ($3, $4)) order by id', ['1', '1', '2', '3']),
  query("select id from patients where row(id, name) = row(1, 'Ann')"),
  query('select id from patients where id between symmetric 5 and 2 order by id'),
  query(
    'select id, cost between symmetric patient_id and 7, cost not between symmetric 7 and patient_id from encounters order by id',
  ),
  query("select id from patients where name ~ '^A' order by id"),
  query("select id from patients where name ~ 'n$' order by id"),
  query("select id from patients where name ~ 'nn' order by id"),
  query("select id from patients where name ~* '^ann$' order by id"),
  query("select id from patients where name !~ 'nn' order by id"),
  query("select id from patients where name !~* 'nN' order by id"),
  query("select id from patients where name ~ '^.n.*' order by id"),
  query("select id from patients where name ~ 'a_c' order by id"),
  query("select id from patients where name ~ '^\\.5$' order by id"),
  query("select id from patients where name ~ '' order by id"),
  query("select id from patients where name ~ '.+' order by id"),
  query("select id from patients where name ~ '\\$' order by id"),
  query("select id from patients where name ~ '\\\\' order by id"),
  query("select id from patients where name similar to 'A%' order by id"),
  query("select id from patients where name not similar to 'A_n' order by id"),
  query("select id from patients where name similar to 'A.n' order by id"),
  query('select to_timestamp(1700000000), to_timestamp(1700000000.25), to_timestamp(-5)'),
  query('select to_timestamp(cost), to_timestamp(id * 86400.5) from encounters order by id'),
  query("select id, extract(epoch from started - '2024-01-01') from encounters order by id"),
  query("select id, started - '2024-01-01' > interval '1 day' from encounters order by id"),
  query("select id, '2024-01-01' - started, started - '2024-01-01 10:00' from encounters order by id"),
  query("select id, born - '2000-01-01', '2000-01-01' - born from patients order by id"),
  query('select id, started - $1 from encounters order by id', ['2024-01-01']),
  query('select id, born - $1::date from patients order by id', ['2024-01-01']),
  query('select id, ntile(4) over (order by id) from patients order by id'),
  query(
    'select id, ntile(3) over (partition by active order by id desc), ntile(100) over (order by id) from patients order by id',
  ),
  query(
    'select id, ntile(1) over (order by id), ntile(5) over (order by id), ntile(7) over (order by id), ntile(16) over (order by id), ntile(15) over (order by id) from patients order by id',
  ),
  query("select date_bin('15 minutes', started, timestamp '2001-01-01') from encounters order by id"),
  query("select date_bin(interval '7 days', started, '2024-02-05 03:00') from encounters order by id"),
  query(
    "select date_bin('1 hour 7 minutes', born::timestamp, timestamp '2001-01-01 00:00:01') from patients order by id",
  ),
  query(
    "select to_char(started, 'Mon YYYY'), to_char(started, 'FMMonth DD, YYYY'), to_char(started, 'Month'), to_char(started, 'MONTH'), to_char(started, 'month'), to_char(started,'MON'), to_char(started,'mon') from encounters order by id",
  ),
  query(
    "select to_char(started, 'Day'), to_char(started, 'FMDay'), to_char(started, 'Dy'), to_char(started, 'DAY'), to_char(started, 'dy') from encounters order by id",
  ),
  query(
    "select to_char(born, 'IYYY-IW'), to_char(born, 'IYYY-\"W\"IW-ID'), to_char(born, 'YYYY-\"Q\"Q'), to_char(born, 'DDD'), to_char(born, 'YY'), to_char(born, 'WW'), to_char(born, 'D'), to_char(born, 'FMDD.FMMM.YYYY') from patients order by id",
  ),
  query(
    "select to_char(started, 'HH12:MI AM'), to_char(started, 'HH:MI:SS pm'), to_char(started, 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') from encounters order by id",
  ),
  query(
    'select extract(week from started), extract(isoyear from started), extract(isodow from started) from encounters order by id',
  ),
  query(
    "select id, extract(week from d), extract(isoyear from d), extract(isodow from d) from (select id, date '2019-12-25' + id * 3 as d from patients) x order by id",
  ),
  query(
    'select extract(decade from born), extract(century from born), extract(millennium from born) from patients order by id',
  ),
  query(
    "select extract(century from timestamp '2000-12-31'), extract(century from timestamp '2001-01-01'), extract(millennium from date '2000-01-01')",
  ),
  query(
    'select extract(second from started), extract(milliseconds from started), extract(microseconds from started) from encounters order by id',
  ),
  query(
    "select extract(second from timestamp '2024-01-01 10:20:30.123456'), extract(milliseconds from timestamp '2024-01-01 10:20:30.123456'), extract(microseconds from timestamp '2024-01-01 10:20:30.123456'), date_part('second', timestamp '2024-01-01 10:20:30.5')",
  ),
  query("select date_part('week', started), date_part('isodow', started) from encounters order by id"),
  query("select format('%s-%s', id, name) from patients order by id"),
  query("select format('a%%b %s', born), format('x'), format('') from patients order by id"),
  query("select id from encounters where date(started) = '2024-01-31' order by id"),
  query("select date('2024-01-31'), date(born::timestamp) from patients"),
  query(
    "select date_trunc('day', started) as __timestamp, status as status, sum(cost) as sum_cost from encounters where started >= to_timestamp('2023-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') and started < to_timestamp('2025-01-01 00:00:00.000000', 'YYYY-MM-DD HH24:MI:SS.US') group by date_trunc('day', started), status order by sum_cost desc, 1, 2 limit 1000",
  ),
  query("select to_date('2024-02-29', 'YYYY-MM-DD') - 1, to_date('29.02.2024', 'DD.MM.YYYY')"),
  query("select id from encounters where started > now() - interval '1 day'"),
  query('select extract(week from now()) > 0'),
  query('select status, count(*) from encounters group by rollup(status) order by 1, 2'),
  query(
    'select patient_id, status, grouping(status), count(*), sum(cost) from encounters group by grouping sets ((patient_id), (status), ()) order by 1,2,3,4',
  ),
  query(
    'select patient_id, status, grouping(patient_id, status) as g, count(*) from encounters group by cube (patient_id, status) order by g, patient_id, status',
  ),
  query('select patient_id, status, count(*) from encounters group by rollup(1, 2)'),
  query(
    'select patient_id as p, status as s, count(*) as n from encounters group by rollup(p, s) order by p nulls first, s, n limit 5 offset 2',
  ),
  query(
    "select coalesce(status, 'all') as s, sum(cost) from encounters group by rollup(status) order by 2 desc nulls last, 1",
  ),
  query(
    "select case when grouping(status) = 1 then 'total' else coalesce(status, '?') end as s, count(*) from encounters group by rollup(status) order by 2, 1",
  ),
  query('select status, count(status), max(status) from encounters group by rollup(status)'),
  query(
    'select e.status, p.name, count(*) from encounters e join patients p on p.id = e.patient_id group by rollup(p.name, e.status) having count(*) > 1 order by 1, 2, 3',
  ),
  query('select status, patient_id, count(*) from encounters group by status, rollup(patient_id) order by 1, 2, 3'),
  query('select status, patient_id, count(*) from encounters group by rollup((status, patient_id)) order by 1, 2, 3'),
  query('select status, count(*) from encounters where cost > $1 and id > $1 group by rollup(status) order by 1, 2', [
    '2',
  ]),
  query(
    'select status, count(*) filter (where cost > $2) from encounters where id <> $1 group by cube(status) order by 1, 2',
    ['3', '4'],
  ),
  query('select count(*) from encounters group by ()'),
  query('select status, count(*) from encounters group by grouping sets (status, rollup(patient_id)) order by 1, 2'),
  query(
    'select x.s, x.n from (select status as s, count(*) as n from encounters group by rollup(status)) x where x.n > 1 order by 1, 2',
  ),
  query('select active, count(*) from patients group by rollup(active) order by 1, 2'),
  query('select score, born, count(*) from patients group by grouping sets (score, born) order by 1, 2, 3'),
  query(
    'select score::numeric(6,2) as s, sum(score::numeric(6,2)) from patients group by rollup(score::numeric(6,2)) order by 1, 2',
  ),
  query('select status, patient_id, count(*) from encounters group by (status, patient_id) order by 1, 2'),
  query(
    'with r as (select status, count(*) n from encounters group by rollup(status)) select * from r order by n, status',
  ),
  query("select status, count(*) from encounters group by rollup(status) union all select 'x', 1 order by 2, 1"),
  query('select name as n, count(*) from patients group by n order by n'),
  query('select upper(name), count(*) from patients group by upper(name) order by upper(name)'),
  query('select upper(name), count(*) from patients group by name order by name'),
  query('select lower(upper(name)), count(*) from patients group by upper(name) order by 1'),
  query(
    'select (select max(cost) from encounters e where e.patient_id = p.id), count(*) from patients p group by p.id order by p.id',
  ),
  query(
    'select p.id, count(*) from patients p where exists (select count(*) from encounters e where e.patient_id = p.id) group by p.id order by 1',
  ),
  query('select sum(cost) over (order by id), count(*) over () from encounters order by id'),
  query('select status, sum(sum(cost)) over (order by status) from encounters group by status order by status'),
  query('select status, rank() over (order by count(*) desc, status) from encounters group by status order by status'),
  query('select a.id from patients a group by a.id, a.name order by a.id, name'),
  query('select x.n from (select name n, id from patients) x group by x.n order by x.n'),
  query('select count(*), 5 from patients'),
  query('select id + 1, count(*) from patients group by id + 1 order by 1'),
  query('select id + 1 + 2, count(*) from patients group by id + 1 order by 1'),
  query(
    "select case when id > 3 then 'a' else 'b' end as c, count(*) from patients group by case when id > 3 then 'a' else 'b' end order by c",
  ),
  query("select case when id > 3 then 'a' else 'b' end as c, count(*) from patients group by c order by c"),
  query(
    "select case when id > $1 then 'a' else 'b' end as c, count(*) from patients group by case when id > $1 then 'a' else 'b' end order by c",
    ['3'],
  ),
  query(
    'select p.name, w.label, count(*) from patients p join wards w using (id) group by id, p.name, w.label order by 1',
  ),
  query('select id, count(*) from patients p join wards w using (id) group by id order by id'),
  query(
    'select distinct on (active) active, name from patients order by active nulls first, name desc nulls last limit 2',
  ),
  query('select distinct on (active) active, name from patients order by active, name, id limit 2 offset 1'),
  query(
    'select distinct on (patient_id) patient_id, id, started from encounters order by patient_id, started desc nulls last, id limit $1',
    ['2'],
  ),
  query('select distinct on (patient_id) patient_id, id from encounters order by patient_id, id offset 2'),
  query(
    'select x.id from (select distinct on (patient_id) patient_id, id from encounters order by patient_id, id limit 3) x order by 1',
  ),
  query(
    'select x.id from (select distinct on (patient_id) patient_id, id from encounters order by patient_id, id limit 3 offset 1) x order by 1',
  ),
  query('select distinct on (name) name, id from patients order by name, id limit 4'),
  query('select lower(name) as g, name, sum(id) from patients group by lower(name), rollup(name) order by 1, 2, 3'),
  query(
    'select lower(status) as g, status, count(*) from encounters group by grouping sets ((lower(status)), (status)) order by 1, 2, 3',
  ),
  query("select status, count(*) from encounters where code not similar to 'a%' group by rollup(status) order by 1, 2"),
  query('select id, score from patients order by score fetch first 3 rows with ties'),
  query('select id from patients order by born desc, active fetch first 2 rows with ties'),
  query('select name from patients order by lower(name) offset 2 rows fetch first 1 row with ties'),
  query('select status, count(*) from encounters group by status order by count(*) fetch first 1 rows with ties'),
  query(
    'select count(*) from (select distinct cost > 4 as dear, status from encounters order by dear desc fetch first 2 rows with ties) x',
  ),
  query('select id from patients order by score fetch first 0 rows with ties'),
  query('select id from patients order by score fetch first $1 rows with ties', ['2']),
  query('select count(*) from (select id from patients order by active fetch first 1 rows with ties) x'),
  query(
    "select id, count(*) filter (where cost > 4) over (partition by patient_id), sum(cost) filter (where status = 'open') over () from encounters order by id",
  ),
  query(
    'select id, count(cost) filter (where cost > 4) over (order by id), avg(cost) filter (where cost > 4) over (order by id rows 1 preceding) from encounters order by id',
  ),
  query(
    'select id, max(name) filter (where active) over (partition by score), min(born) filter (where score > 2) over () from patients order by id',
  ),
  query(
    'select id, bool_and(active) over (partition by score), bool_or(score > 3) over (), every(score > 3) over (order by id) from patients order by id',
  ),
  query('select id, bool_or(active) filter (where id > 4) over (partition by score) from patients order by id'),
  query(
    'select id, count(*) over (order by id rows 2 preceding), count(*) over (order by id rows between 1 following and 3 following), count(*) over (order by id desc rows between 3 preceding and 2 preceding) from encounters order by id',
  ),
  query(
    'select id, count(cost) over (order by id rows between 1 preceding and 1 following), count(cost) over (order by id rows between current row and current row) from encounters order by id',
  ),
  query(
    'select id, min(cost) over (order by id rows 2 preceding), max(cost) over (partition by patient_id order by id rows between 1 preceding and 1 following) from encounters order by id',
  ),
  query(
    'select id, max(started) over (order by id rows between 2 following and 4 following), min(started) over (order by id rows between 4 preceding and 2 preceding) from encounters order by id',
  ),
  query(
    'select id, min(born) over (order by id rows 3 preceding), max(score) over (order by id desc rows 1 preceding), max(score) over (order by id rows between current row and current row) from patients order by id',
  ),
  query(
    'select id, first_value(cost) over (order by id rows 2 preceding), last_value(cost) over (order by id rows between 2 preceding and 1 preceding) from encounters order by id',
  ),
  query(
    'select id, first_value(code) over (order by id rows between 1 following and 2 following), last_value(code) over (order by id rows between current row and 2 following) from encounters order by id',
  ),
  query(
    'select id, last_value(code) over (partition by patient_id order by id desc rows between 1 following and 2 following), first_value(id) over (partition by patient_id order by id rows between 3 preceding and 1 preceding) from encounters order by id',
  ),
  query("select id from patients where starts_with(name, 'A') order by id"),
  query("select id, starts_with(name, 'a_'), not starts_with(name, '') from patients order by id"),
  query(
    "select 'wards' as kind, id from wards union select 'patients', id from patients union select 'x', 1 order by 1, 2",
  ),
  query("select k, count(*) from (select 'a' as k union all select 'b' union all select null) x group by k order by k"),
  query("select '2024-01-01' union all select '1' union all select null order by 1"),
  query("select id from encounters where started >= '01-jan-2024' and started < '1 March 2024' order by id"),
  query(
    "select date 'Feb 29, 2024', date '20240229', date '2024-2-9', timestamp 'September 3 2024 10:20', timestamp '3-Sept-2024 10:20:30', date '31 dec 1999'",
  ),
  query("select id from patients where born = '1980-2-29' or born = '19701231' order by id"),
  query(
    'select percentile_cont(0.5) within group (order by cost), percentile_disc(0.5) within group (order by cost), count(*) from encounters',
  ),
  query(
    'select status, percentile_cont(0.25) within group (order by cost) as q, percentile_cont(0.9) within group (order by cost desc) as r, avg(cost) from encounters group by status order by q desc nulls last, status',
  ),
  query(
    'select active, percentile_disc(0) within group (order by score), percentile_disc(1) within group (order by score), percentile_disc(0.07) within group (order by score desc) from patients group by active order by 1',
  ),
  query(
    'select active as a, percentile_cont(0.75) within group (order by score) p from patients group by a having percentile_cont(0.75) within group (order by score) > 1 order by p limit 2',
  ),
  query(
    'select percentile_disc(0.4) within group (order by born), percentile_disc(0.4) within group (order by born) filter (where active) from patients',
  ),
  query('select percentile_cont(0.5) within group (order by cost) from encounters where cost > 1000'),
  query(
    'select p.id, p.name, percentile_cont(0.5) within group (order by e.cost) from patients p join encounters e on e.patient_id = p.id group by p.id, p.name order by p.id',
  ),
  query(
    'select round(percentile_cont(0.3) within group (order by score)::numeric, 2), round(coalesce(percentile_disc(0.3) within group (order by score + 1), 0), 1) from patients',
  ),
  query(
    'select x.s, x.m from (select upper(status) as s, percentile_cont(0.5) within group (order by cost + 0.5) as m from encounters group by upper(status)) x order by 1',
  ),
  query(
    'select p.id, (select percentile_disc(0.5) within group (order by e.cost) from encounters e where e.patient_id = p.id) from patients p order by p.id',
  ),
  query(
    'with m as (select patient_id, percentile_disc(0.5) within group (order by started) as s from encounters group by 1) select * from m order by 1',
  ),
  query(
    'select status, percentile_cont(0.5) within group (order by cost) from encounters group by 1 order by 2, 1 limit 2 offset 1',
  ),
  query(
    'select extract(year from started) as y, percentile_disc(0.5) within group (order by cost - 1) from encounters group by extract(year from started) order by y',
  ),
  query('select u from unnest(array[3, 1, 3, null]) u order by u'),
  query("select x.n, x.o from unnest(array['b', 'a', 'B']) with ordinality as x(n, o) order by x.o"),
  query(
    'select p.id, p.name from patients p join unnest(array[$1::int, $2::int]) as w(id) on w.id = p.id order by p.id',
    ['2', '5'],
  ),
  query('select p.id, u.u from patients p cross join unnest(array[1, 2]::bigint[]) u order by 1, 2'),
  query('select count(*) from unnest(array[]::int[]) u'),
  query(
    "select d, count(e.id) from unnest(array['2024-01-31', '2024-02-29']::date[]) d left join encounters e on e.started::date = d group by d order by d",
  ),
  query('select * from unnest(array[1.5, 2.25]) with ordinality order by 2 desc'),
  query('select id from patients where id in (select u from unnest(array[1, 4, 99]) u) order by id'),
  query('select g, o from generate_series(5, 9, 2) with ordinality as s(g, o) order by o desc'),
  query('select sum(u) over (order by u, o) from unnest(array[1, 2, 2, 5]) with ordinality as x(u, o) order by 1'),
];
