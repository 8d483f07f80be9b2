import type { WrittenQuery } from './query-grammar.ts';

export const query = (sql: string, parameters: readonly (string | null)[] = []): WrittenQuery => ({
  sql,
  parameters,
  isOrdered: /order by/i.test(sql),
});

/** Typical queries of applications over the ward tables. */
export const writtenQueries: readonly WrittenQuery[] = [
  query('select p.id, p.name from patients p where p.name = $1 order by p.id', ['Ann']),
  query(
    'select p.name, count(*) as visits, sum(e.cost) from patients p left join encounters e on e.patient_id = p.id group by p.name order by p.name nulls first',
  ),
  query(
    'select distinct on (e.patient_id) e.patient_id, e.started, e.id from encounters e order by e.patient_id, e.started desc nulls last, e.id',
  ),
  query('select id, name from patients order by name, id limit 4 offset 2'),
  query('select id, name from patients order by name desc, id desc limit $1 offset $2', ['3', '1']),
  query(
    'select x.name, x.n from (select name, count(*) as n from patients group by name) x where x.n > 1 order by x.n desc, x.name',
  ),
  query('select id, row_number() over (partition by name order by id) from patients order by id'),
  query('select e.id, rank() over (order by e.cost desc) from encounters e order by e.id'),
  query('select id, lag(cost, 1) over (order by id) from encounters order by id'),
  query(
    'select p.id, exists (select 1 from encounters e where e.patient_id = p.id and e.cost > 5) as busy from patients p order by p.id',
  ),
  query('select id, active, not active, active is true, active is not false from patients order by id'),
  query(
    'select status, count(*) filter (where cost > 5), count(distinct patient_id) from encounters group by status order by status',
  ),
  query('select coalesce(p.name, w.label) from patients p right join wards w on w.id = p.id order by w.id'),
  query('select id, cost / 2, cost % 3, -cost / 2, cost / 2.0, (cost - 9) % 4 from encounters order by id'),
  query(
    "select id, name || ':' || id::text, concat(name, ':', id), length(name), trim(name) from patients order by id",
  ),
  query('select id from patients where name is not distinct from $1 order by id', [null]),
  query('select id from patients where name is distinct from $1 order by id', ['ann']),
  query("select id from patients where name like 'A%' or name ilike 'B%' order by id"),
  query('select id from patients where id = any ($1) order by id', ['{1,3,5}']),
  query('select id from patients where name = any ($1::text[]) order by id', ['{Ann,"Bob "}']),
  query("select id from patients where name <> all ('{Ann,ann}') order by id"),
  query(
    "select id, born + 30, born - date '2000-01-01', born + interval '1 month', extract(year from born)::int from patients order by id",
  ),
  query(
    "select id, date_trunc('month', started), date_trunc('year', started), date_trunc('minute', started), started - interval '90 minutes' from encounters order by id",
  ),
  query(
    "select id, extract(epoch from started), date_trunc('week', started), date_trunc('quarter', started) from encounters order by id",
  ),
  query('select p.name as who, count(*) from (select name from patients) p group by name order by name'),
  query(
    'select patients.name, p.status from patients join encounters p on p.patient_id = patients.id group by name, status order by 1, 2',
  ),
  query('select name from patients union select status from encounters order by 1 nulls first limit 5'),
  query('select name from patients union all select label from wards order by name desc offset 2'),
  query(
    "select upper(name), lower(name), replace(name, 'n', 'N'), left(name, 2), substr(name, 2, 2), position('n' in name) from patients order by id",
  ),
  query("select case when active then 'yes' when not active then 'no' else 'unknown' end from patients order by id"),
  query("select case name when 'Ann' then 1 when 'ann' then 2 end from patients order by id"),
  query(
    'select round(score), round(score, 1), trunc(score), ceil(score), floor(score), score::int, abs(score) from patients order by id',
  ),
  query('select id, score::float8::int, round(score::float8), (-score)::float8::int from patients order by id'),
  query('select max(name), min(name), max(score), count(name) from patients'),
  query('select max(code), min(code), max(name) filter (where id > 3) from encounters e join patients p using (id)'),
  query('select code, id from encounters order by code'),
  query(
    "select name || '!' as loud, count(*), upper(name) from patients group by name having left(name, 1) <> 'Z' order by left(name, 1), name",
  ),
  query('select code from encounters order by code desc nulls last'),
  query("select id from patients where name < '5' or name >= $1 order by id", ['10']),
  query(
    "select id from patients where name > 'B' or name between '1' and '20' or name not between 'A' and 'b' order by id",
  ),
  query('select p.id, e.id from patients p join encounters e on p.name < e.code order by 1, 2'),
  query('select id, min(name) over (partition by active), rank() over (order by name desc) from patients order by id'),
  query('select distinct name from patients order by name desc'),
  query(
    'select case when id > 3 then code else status end, case when id > 3 then status else code end, coalesce(status, code) from encounters order by id',
  ),
  query('select distinct on (active) active, name from patients order by active, name, id'),
  query('select case name when $1 then 1 else 2 end as c, name from patients order by 2 nulls first, 1', ['9']),
  query('select w.label, p.label from wards w left join wards p on p.id = w.parent order by w.id'),
  query('select v.a, v.b from (values (1, 2), (3, 4)) as v(a, b) order by v.a desc'),
  query('values (1, 2), (3, 4)'),
  query('select id from patients where (id between 2 and 4 or score > 2.5) and not active order by id'),
  query(
    'select id from encounters where cost >= all (select x.cost from encounters x where x.cost is not null) order by id',
  ),
  query('select greatest(id, 3), least(id, 3) from patients order by id'),
  query(
    'with named as (select id, name from patients where name is not null), paid as (select patient_id, sum(cost) as total from encounters group by patient_id) select n.name, paid.total from named n join paid on paid.patient_id = n.id order by n.id',
  ),
  query(
    'with p as (select id, name from patients where id > 2), q as (select * from p where name is not null) select a.id, b.name from q a join q b on a.id < b.id order by 1, 2',
  ),
  query('with patients as (select id, name from patients where id < 5) select count(*), max(name) from patients'),
  query(
    'select x.id from (with v as (select patient_id as id, sum(cost) as c from encounters group by 1) select id from v where c > (select avg(c) from v)) x order by 1',
  ),
  query(
    'select id from patients p where exists (with v as (select e.cost from encounters e where e.patient_id = p.id) select 1 from v where v.cost > 4) order by id',
  ),
  query('with v(a, b) as (values (1, $1), (2, $2)) select w.a, v.b from v join v w on w.a = v.a order by 1', [
    'x',
    'y',
  ]),
  query('select bool_or(active), bool_and(active), avg(cost) from patients p join encounters e on e.patient_id = p.id'),
];

/** Queries that need IRIS 2024.1 or 2025.1. */
export const youngerQueries: readonly WrittenQuery[] = [
  query('select 1.5::float8 as x from wards except (select $1 as x except all select 1.5::float8) order by x', ['2']),
  query('select id from patients intersect select patient_id from encounters order by 1'),
  query('select name from patients except select status from encounters order by 1'),
  query('select name from patients except all select label from wards order by 1'),
  query(
    "select status, cost from encounters where id > 2 intersect all (select status, cost from encounters union all select 'open', 5) order by 1, 2 limit 3",
  ),
  query('select active from patients intersect all select cost > 3 from encounters except all select true order by 1'),
];
