import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { describeReal } from '@medrex/contracts/testing';
import { Client } from 'pg';
import { loadParser } from '../pg-parser.ts';
import { cellText, cellTypes, type Cell, type CellType } from './cell.ts';
import type { TableSource, Tables } from './source.ts';
import { readTableStatements } from './table-statements.ts';

const hourMs = 3_600_000;
const noon = Date.UTC(2026, 0, 2, 12);
const columns: Readonly<Record<string, CellType>> = {
  name: 'text',
  kind: 'text',
  calls: 'int8',
  size: 'int4',
  ratio: 'float8',
  paused: 'bool',
  since: 'timestamptz',
};
const data: Cell[][] = [
  ['alpha', 'a', 3, 1, 0.5, false, noon],
  ['Beta', 'b', 1, 2, null, true, noon - hourMs],
  ['gamma', 'a', 7, null, 0.25, null, null],
  ['delta_x', null, 0, -4, -1.5, true, noon + 90_500.5],
  ['', 'b', 12_345_678_901, 5, 100, false, noon - 48 * hourMs],
];
const source: TableSource = {
  columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
  rows: () => data,
};
const tables: Tables = {
  find: (schema = 'medrex_check', name) => (schema === 'medrex_check' && name === 't' ? source : undefined),
  session: { user: 'u', database: 'd', version: 'v', setting: () => undefined, oidOf: () => undefined },
};

/** Queries for both, with ordered results. */
const queries = [
  'select * from t order by name',
  'select name, calls from medrex_check.t where calls > 2 order by calls desc, 1',
  'select t.name n from t order by n',
  'select kind, count(*), count(size), sum(calls), sum(size), min(name), max(since) from t group by kind order by 1',
  'select kind k, avg(calls) from t group by k order by k nulls first',
  'select count(*), sum(calls), min(ratio), max(ratio), avg(ratio) from t where false',
  'select kind from t group by 1 having count(*) > 1 order by 1 desc',
  'select count(*) from t having count(*) > 100',
  'select distinct kind from t order by kind desc nulls last',
  'select name from t order by ratio desc, name limit 2 offset 1',
  'select name from t order by length(name), name limit null',
  "select name from t where name like '%a' or name ilike 'BE__' order by 1",
  "select name from t where name like 'delta\\_x' or name not like '%a%' order by 1",
  "select name from t where name like 'delta/_' || '%' escape '/' or name not like 'a%%' escape '%' order by 1",
  "select name from t where name like 'delta\\_' escape '' or name like 'd%\\_x' escape '\\' order by 1",
  "select 'a/b' like 'a///b' escape '/', 'a\\b' like 'a!\\b' escape '!', 'a' like null escape '/'",
  "select to_regtype('hstore') is null, to_regtype('text')::oid, to_regtype(null) is null",
  "select name from t where name ~ '^(alpha|Beta)$' order by 1",
  "select name from t where name ~ '^[a-z]+$' order by 1",
  "select name from t where name ~ '^al(pha)?' or name ~* 'b.?TA' order by 1",
  "select '12 ms' ~ '^\\d+ m?s$', 'é1' ~ '^\\w+$', '1.5' ~ '^[0-9]*[.][0-9]+$', 'ab' !~ 'b+c'",
  "select name from t where kind in ('a', null) order by 1",
  "select name from t where kind not in ('a', null) order by 1",
  'select name from t where kind = any(\'{a,"b"}\') and calls = any(array[3, 7]) order by 1',
  'select name from t where paused is not true order by 1',
  'select name from t where paused is unknown or ratio is null order by 1',
  'select name from t where not paused order by 1',
  'select name from t where calls between 1 and 7 and size not between 2 and 5 order by 1',
  "select name from t where since between '2026-01-02' and '2026-01-02 12:00:00+00' order by 1",
  "select name from t where since > '2026-01-02 13:30:00+02'::timestamptz order by 1",
  "select name, since + interval '1 day 02:30' from t where since is not null order by 1",
  "select name, since - '2026-01-01'::timestamptz from t where since is not null order by 1",
  "select name, date_trunc('hour', since), date_trunc('week', since), extract(epoch from since) from t where since is not null order by 1",
  'select floor(extract(epoch from since) / 3600) * 3600 as time, count(*) from t where since is not null group by time order by time',
  "select date_bin('15 minutes', since, '2001-01-01 00:00:00+00') b, count(*) from t where since is not null group by 1 order by 1",
  'select calls / 2, calls % 2, -calls, calls * 2 + 1 from t order by calls',
  'select size / 3, size % 3, abs(size), size * 1.5 from t where size is not null order by size',
  'select round(ratio), floor(ratio), ceil(ratio), trunc(ratio), ratio ^ 2 from t where ratio is not null order by ratio',
  "select case when calls > 5 then 'many' when calls > 2 then 'some' else 'few' end c, name from t order by 1, 2",
  "select case kind when 'a' then 1 when 'b' then 2 end, name from t order by 2",
  "select coalesce(kind, '-'), nullif(kind, 'a'), greatest(size, 2), least(calls, 5) from t order by name",
  "select name || '!' || coalesce(kind, ''), concat(name, kind, size), concat_ws('-', name, kind) from t order by 1",
  "select kind is distinct from 'a', kind is not distinct from null from t order by name",
  "select lower(name), upper(name), length(name), left(name, 2), replace(name, 'a', 'o'), split_part(name, '_', 2), strpos(name, 'a') from t order by name",
  "select string_agg(name, ',') filter (where calls > 0 and name > 'b'), bool_and(paused), bool_or(paused) from t",
  'select count(distinct kind), count(distinct size) from t',
  'select a.name, b.name from t a join t b on a.kind = b.kind and a.name < b.name order by 1, 2',
  'select a.name, b.calls from t a left join t b on b.name = a.kind order by 1',
  'select kind, count(*) from t a join t b using (kind) group by kind order by kind',
  'select count(*) from t a, t b where a.size = b.size',
  'select count(*) from t cross join t b',
  'select (select max(calls) from t), exists (select 1 from t where calls < 0), 3 in (select calls from t)',
  'select name from t where calls = (select max(calls) from t)',
  'with busy as (select * from t where calls > 2), two(a, b) as (select name, kind from busy) select * from two order by a',
  'select x.k, x.n from (select kind k, count(*) n from t group by kind) x where x.n > 1 order by 1',
  'select 1 as a union select 1 union all select 2 order by a desc',
  "select * from (values (1, 'x'), (2, 'y')) v(a, b) order by a desc",
  'select null and true, null or true, not null::bool, true and false',
  "select '1'::int4 + 1, '2'::int8, 1.5::int4, 't'::bool, 5::text, true::text, 1::bool",
  "select '90 minutes'::interval, interval '2 days', '1 day'::interval * 2",
  "select to_timestamp(1767355200.5), 'epoch'::timestamptz",
  'select 1 where 1 = 1',
  'select t.* from t where t.size is null',
  'select count(*) filter (where paused), kind from t group by kind order by kind',
  "select kind || 'x' from t group by kind || 'x' order by 1",
  'select sum(calls) / count(*) from t',
  'select max(size) - min(size) as spread from t order by spread',
  'select name from t order by calls % 2, name',
  'select name, (select count(*) from t b where b.kind = a.kind and b.name < a.name) from t a order by 1',
  'select name from t a where not exists (select 1 from t b where b.calls > a.calls) order by 1',
  'select name from t where calls in (select size from t b where b.kind = t.kind or b.size > calls) order by 1',
  'select name, (select (select max(c.name) from t c where c.kind = a.kind and c.calls > b.calls) from t b where b.name = a.name) from t a order by 1',
  'select a.name, (select b.kind from t b left join t c on c.kind = a.kind and c.name = b.name where b.name = a.name) from t a order by 1',
  'select name, (select x.n from (select count(*) n from t b where b.kind = a.kind) x) from t a order by 1',
  'select kind, (select max(calls) from t) from t group by kind order by 1',
  'select i, i * 2 from generate_series(2, 5) i order by 1 desc',
  "select x from unnest(string_to_array('b,a,c', ',')) x order by 1",
  "select array_to_string(array(select name from t where kind = 'a' order by name desc), '/')",
  "select array_length(string_to_array('a,b,c', ','), 1), array_lower(string_to_array('a', ','), 1), array_upper(string_to_array('', ','), 1), (string_to_array('a,b', ','))[2], (string_to_array('a,b', ','))[3]",
  "select s[i] from generate_series(array_lower(string_to_array('x, y', ','), 1), array_upper(string_to_array('x, y', ','), 1)) as i, string_to_array('x, y', ',') s order by 1",
  "select (parse_ident('a.\"B c\"'))[2], array_length(parse_ident('Abc'), 1), trim(trailing ';' from 'a;b;;')",
  "select string_agg(name, ', ' order by name desc), string_agg(distinct kind, '/'), string_agg(name, '' order by kind nulls first, calls) from t",
  'select coalesce(null, 3), coalesce(null, size) + 1, greatest(null, 2, 2.5), least(null, null), coalesce(null, null) from t order by 2',
  'select name, case when size > 2 then null when size > 1 then calls else 0 end n from t order by 1',
  'select case when size > 0 then 1 else size end, case when true then 1 else size::int8 end, case when true then 1 else 2::int8 end from t order by 1',
  "select 'a' || 1, 1 || 'a', 'x' || true, size || name, concat(paused, 1) from t order by name",
  'select 2.5::int4, (-0.5)::int4, 2.5::float8::int4, round(2.5), round(-2.5), round(ratio), round(1.005, 2), (size * 0.5)::int4 from t order by name',
  'select 0.1 + 0.2 = 0.3, 3 * 0.1 = 0.3, 0.3 % 0.1 = 0, 2 ^ -1, 1e2 from t limit 1',
  'select round(avg(size)), avg(size)::int4, round(avg(ratio)), round(sum(calls) / 4) from t',
  'select round(x.a) from (select avg(size) a, kind from t where size > 0 group by kind) x order by 1',
  'select round(coalesce(null, 2.5)), round(case when size > 2 then 1.005 else ratio end), round(greatest(2.5, size)) from t order by name',
  "select 'abc'::varchar(2), 'abc'::char, '40'::int2, (calls % 7)::numeric, floor(2.5) / 2 from t order by calls",
  "select strpos('😀x', 'x'), split_part('a,b,c', ',', -1), split_part('abc', '', 1)",
  "select '1 hour'::interval * 3, '1 day'::interval * 1.5, interval '1 day 02:00' + interval '03:00', 'P1DT2H'::interval",
  "select substring(name from 2 for 3), substring(name, 2), substr(name, -1, 4), substring(name from 'a(.)'), substring(name from '^.e') from t order by name",
  "select ltrim(name, 'ab'), rtrim(name), btrim('xaxx', 'x'), trim(both 'a' from name), trim(leading from '  a '), right(name, 2), right(name, -2), right(name, 0) from t order by name",
  "select position('a' in name), lpad(name, 7, '*-'), rpad(name, 3), lpad(name, 2), repeat('ab', size), reverse(name), initcap(name || ' of a'), starts_with(name, 'a') from t order by name",
  "select regexp_replace(name, 'a(.)', '<\\1>'), regexp_replace(name, 'A', '$&', 'gi'), regexp_replace(name, 'a', '[\\&]', 'g'), translate(name, 'ae', 'x') from t order by name",
  'select mod(calls, 4), power(2, 3), sign(-2.5), exp(0), log(100), pi() > 3.14, pow(ratio, 2) from t order by calls',
  "select quote_literal('a''b\\c'), quote_literal('x'), pg_typeof(size), pg_typeof(since) from t limit 1",
  'select pg_size_pretty(calls), pg_size_pretty(calls * 1024), pg_size_pretty(10239::int8), pg_size_pretty(10240::int8), pg_size_pretty(20000000::int8) from t order by calls',
  "select since::date, since::date + 1, since::date - 1, since::date - '2025-12-31'::date, since - since::date, since::date - since from t where since is not null order by since",
  "select name from t where since >= '2026-01-02'::date and since::date < date '2026-01-03' order by 1",
  'select since::date as day, count(*) from t where since is not null group by since::date order by day',
  "select current_date = now()::date, 'today'::date - 'yesterday'::date, 'tomorrow'::timestamptz > now(), current_date - 1 < current_date, max('2026-01-31'::date)::text",
  "select date_trunc('month', since::date), extract(isodow from since), extract(doy from since), extract(quarter from since) from t where since is not null order by since",
  "select to_char(since, 'YYYY-MM-DD HH24:MI:SS.MS'), to_char(since, 'Dy, DD Mon YY HH12:MI AM'), to_char(since, '\"at\" HH:MI Month D ID Q US') from t where since is not null order by since",
  "select array_agg(name order by calls), array_agg(size order by name), array_agg(distinct kind), array_to_string(array_agg(kind order by name), '+') from t",
  'select kind, percentile_cont(0.5) within group (order by calls), percentile_disc(0.5) within group (order by name desc), mode() within group (order by size) from t group by kind order by 1',
  'select percentile_cont(0.95) within group (order by ratio) filter (where ratio > 0), percentile_cont(0.25) within group (order by size) from t where true',
  'select distinct on (kind) kind, name from t order by kind, calls desc',
  'select distinct on (size % 2, paused) name from t order by paused, size % 2, name',
  'select distinct on (1) kind from t order by 1',
  'select kind from t except select null',
  "select kind from t intersect select 'b' order by 1",
  'select a.name, b.name from t a right join t b on b.name = a.kind order by 2',
  'select a.name, b.name from t a full join t b on b.name = a.kind where a.calls > 1 or b.calls > 1 order by 1, 2',
  'select a.name, b.name, c.name from t a left join t b on b.kind = a.kind and b.name < a.name, t c where c.name = b.name and a.calls > 0 order by 1, 2, 3',
  'select * from (select name, calls from t) x natural join (select name, kind from t) y order by name',
  "select name from t where (kind, size) = ('a', 1) or (kind, paused) in (('b', true), ('a', null)) order by 1",
  "select name from t where (kind, size) <> ('a', 1) order by 1",
  'select i from generate_series(10, 1, -4) i',
  "select g from generate_series('2026-01-01'::timestamptz, '2026-01-02', interval '9 hours') g",
  "select to_char(g, 'HH24:MI'), count(name) from generate_series('2026-01-02 11:00+00'::timestamptz, '2026-01-02 13:00+00', '1 hour') g left join t on date_trunc('hour', since) = g group by g order by g",
  "select array[name, kind], array[1, null, 2], (array['x', 'y'])[2] from t order by name",
  'select count(*) from t a, t b, t c, t d where a.name = b.name and b.name = c.name and c.name = d.name and a.calls > 1',
  'select name, row_number() over (order by name), rank() over (order by kind), dense_rank() over (order by kind desc), count(*) over () from t order by name',
  "select name, lag(calls) over (order by calls), lead(name, 2, '-') over (partition by kind order by calls desc), sum(calls) over (partition by kind), sum(size) over (order by kind) from t order by name",
  'select name, first_value(name) over (partition by kind order by calls), last_value(name) over (order by paused) from t order by name',
  'select kind, count(*), sum(count(*)) over (), rank() over (order by count(*) desc) from t group by kind order by kind',
  'select * from (select name, row_number() over (partition by kind order by calls desc) n from t) x where n = 1 order by name',
  'select name from t order by row_number() over (order by calls desc)',
  "select '-1 day'::interval, '1 day'::interval, 2::float8::int4, size::int8::text from t order by name",
];

/** Queries that both refuse with the same SQLSTATE. */
const refusals = [
  'select nonsense from t',
  'select x.name from t',
  'select * from nowhere',
  'select name from t a, t b',
  'select name, count(*) from t',
  'select count(count(*)) from t',
  'select name from t where count(*) > 1',
  'select name + 1 from t',
  'select 1 / 0',
  'select 2147483647 + 1',
  "select calls from t where calls = 'x'",
  "select 'x'::bool",
  "select 'x'::timestamptz",
  'select nothing(1)',
  'select name from t order by 2',
  'select name from t group by 2',
  'select distinct name from t order by calls',
  'select (select name from t)',
  'select (select name, kind from t limit 1)',
  'select name from t limit -1',
  'select coalesce(name, calls) from t',
  'select case when name then 1 end from t',
  'select from where',
  'select 1 union select 1, 2',
  "select name from t where name like 'a\\'",
  "select name from t where name like 'a/' escape '/'",
  "select name from t where name like 'a' escape 'xy'",
  'select name from t a where exists (select 1 from t b where b.x = c.name)',
  'select name from t a where exists (select 1 from t b where nonsense = 1)',
  "select parse_ident('a b')",
  'select name from t order by 0',
  'select *',
  'select sqrt(-1)',
  'select ln(0)',
  'select lower(1)',
  'select name from t where calls like 1',
  'select 1 || 2',
  'select max(paused) from t',
  "select split_part('a', ',', 0)",
  'select 40000::int2',
  'select ratio % 2 from t',
  'select name from t where row_number() over () = 1',
  'select kind from t group by kind having rank() over () = 1',
  'select no_such() over () from t',
  'select since::date + 1.5 from t',
  'select mod(ratio, 2) from t',
  "select substring('a', 1, -1)",
  'select distinct on (kind) name from t order by name',
  'select percentile_cont(2) within group (order by calls) from t',
  'select count(*) within group (order by calls) from t',
  'select percentile_cont(0.5) from t',
  'select name from t where (kind, size) = (1, 2, 3)',
  'select i from generate_series(1, 2, 0) i',
];

/** Queries that PostgreSQL answers and the tables cannot answer correctly, so they refuse them with 0A000. */
const refusedHere = [
  'select 9007199254740993',
  'select 0.1234567890123456',
  'select 1.239::numeric(10, 2)',
  "select 'a'::char(3)",
  "select '36:00:00'::interval",
  "select '12 hours'::interval * 3",
  "select interval '1 day' - interval '1 hour'",
  "select interval '1 month'",
  "select sum(since - (since - interval '23 hours')) from t",
];

const client = new Client({ connectionString: process.env['MEDREX_TEST_POSTGRES'] });

describeReal('POSTGRES', 'tables of the proxy beside PostgreSQL', () => {
  beforeAll(async () => {
    await loadParser();
    await client.connect();
    const list = Object.entries(columns).map(([name, type]) => `${name} ${cellTypes[type].name}`);
    await client.query(`create schema medrex_check; set search_path to medrex_check; set timezone to 'UTC'; set lc_messages to 'C';
      create table t (${list.map((column) => column.replace(/^name text|^kind text/, (text) => `${text} collate "C"`)).join(', ')})`);
    for (const row of data) {
      const values = row.map((cell, at) => (cell === null ? null : cellText(cell, source.columns[at]!.type)));
      await client.query(`insert into t values ($1, $2, $3, $4, $5, $6, $7)`, values);
    }
  }, 30_000);
  afterAll(async () => {
    await client.query('drop schema medrex_check cascade');
    await client.end();
  });

  it.each(queries)('answers as PostgreSQL does: %s', async (text) => {
    const theirs = await client.query({
      text,
      rowMode: 'array',
      types: { getTypeParser: () => (value: string) => value },
    });
    const names = theirs.fields.map(({ name }) => name);
    expect(ours(text)).toEqual({ names, rows: (theirs.rows as (string | null)[][]).map((row) => row.map(plain)) });
  });

  it.each(refusedHere)('refuses what it would answer incorrectly: %s', async (text) => {
    expect(ours(text)).toBe('0A000');
    expect((await client.query(text)).rows).toHaveLength(1);
  });

  it.each(refusals)('refuses as PostgreSQL does: %s', async (text) => {
    const theirs = await client.query(text).then(
      () => 'no fault',
      (error: unknown) => (error as { code: string }).code,
    );
    expect(ours(text)).toBe(theirs);
  });
});

/** Shortens numerics of PostgreSQL, which may have more digits. */
const plain = (text: string | null): string | null => (/^-?\d+\.\d+$/.test(text ?? '') ? String(Number(text)) : text);

function ours(text: string): unknown {
  const [statement] = readTableStatements(text, tables).statements;
  if (statement?.kind === 'fault') return statement.fault.sqlstate;
  if (statement?.kind !== 'query') throw new Error('not a query');
  const answer = statement.run([], Date.now());
  if (answer.kind === 'fault') return answer.fault.sqlstate;
  const rows = answer.rows.map((row) =>
    row.map((cell, at) => (cell === null ? null : plain(cellText(cell, statement.columns[at]!.type)))),
  );
  return { names: statement.columns.map(({ name }) => name), rows };
}
