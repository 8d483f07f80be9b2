import { beforeAll, describe, expect, it } from '@jest/globals';
import { loadParser } from '../pg-parser.ts';
import { cellText, type Cell } from './cell.ts';
import { readTableStatements, type BoundValue, type TableQuery } from './table-statements.ts';
import type { TableSource, Tables, ColumnBounds } from './source.ts';

beforeAll(loadParser);

const nowMs = Date.UTC(2026, 0, 2, 12, 0, 0);
let wanted: ColumnBounds = new Map();

const pools: TableSource = {
  columns: [
    { name: 'database', type: 'text' },
    { name: 'user', type: 'text' },
    { name: 'active', type: 'int8' },
    { name: 'ratio', type: 'float8' },
    { name: 'paused', type: 'bool' },
    { name: 'since', type: 'timestamptz' },
  ],
  rows: (bounds) => {
    wanted = bounds;
    return [
      ['clinic', 'app', 3, 0.5, false, nowMs - 60_000],
      ['clinic', 'report', 1, null, true, nowMs - 3_600_000],
      ['lab', 'app', 7, 0.25, false, null],
    ];
  },
};
const tables: Tables = {
  find: (schema = 'medrex', name) => (schema === 'medrex' && name === 'pools' ? pools : undefined),
  session: {
    user: 'app',
    database: 'medrex',
    version: 'PostgreSQL 15.0 (medrex)',
    oidOf: () => undefined,
    setting: (name) => (name === 'server_version_num' ? '150000' : undefined),
  },
};

const query = (text: string, types: readonly number[] = []): TableQuery => {
  const [statement] = readTableStatements(text, tables, types).statements;
  if (statement?.kind !== 'query') throw new Error(JSON.stringify(statement));
  return statement;
};
const bound = (value: string | null): BoundValue => ({
  bytes: value === null ? null : Buffer.from(value),
  isBinary: false,
});

/** The rows of a result as psql prints them. */
function rows(text: string, values: readonly (string | null)[] = []): string[] {
  const planned = query(text);
  const answer = planned.run(values.map(bound), nowMs);
  if (answer.kind === 'fault') throw new Error(`${answer.fault.sqlstate} ${answer.fault.message}`);
  return answer.rows.map((row) =>
    row.map((cell: Cell, at) => (cell === null ? '' : cellText(cell, planned.columns[at]!.type))).join('|'),
  );
}

function fault(text: string): string {
  const [statement] = readTableStatements(text, tables).statements;
  if (statement?.kind === 'fault') return `${statement.fault.sqlstate} ${statement.fault.message}`;
  const answer = (statement as TableQuery).run([], nowMs);
  return answer.kind === 'fault' ? `${answer.fault.sqlstate} ${answer.fault.message}` : 'no fault';
}

describe('a SELECT over tables', () => {
  it.each([
    ['select * from medrex.pools limit 1', ['clinic|app|3|0.5|f|2026-01-02 11:59:00+00']],
    [`select database d, "user" from medrex.pools p where p.active > 2 order by d desc`, ['lab|app', 'clinic|app']],
    [
      'select database, count(*), sum(active), avg(ratio) from pools group by 1 order by 1',
      ['clinic|2|4|0.5', 'lab|1|7|0.25'],
    ],
    ['select count(*) from pools where false', ['0']],
    ['select max(active), min(since) from pools', ['7|2026-01-02 11:00:00+00']],
    ['select database from pools group by database having count(*) > 1', ['clinic']],
    [`select "user" from pools where since > now() - interval '5 minutes'`, ['app']],
    ["select active from pools where database in ('lab', 'x') or ratio is null order by active", ['1', '7']],
    ["select active from pools where database like 'cl%' and not paused", ['3']],
    ['select ratio from pools order by ratio desc limit 1 offset 1', ['0.5']],
    ['select ratio from pools order by ratio nulls first limit 1', ['']],
    ["select case when paused then 'p' else 'r' end || '!' from pools order by 1 limit 1", ['p!']],
    ['select distinct database from pools order by database', ['clinic', 'lab']],
    ['select active / 2, active % 2, active * 1.5, -active from pools where active = 7', ['3|1|10.5|-7']],
    [
      "select floor(extract(epoch from since) / 60) * 60 as time, sum(active) from pools where since between '2026-01-01' and '2026-01-03' group by time order by 1",
      ['1767351600|1', '1767355140|3'],
    ],
    ['select a.database, b.active from pools a join pools b using (database, "user") where a.paused', ['clinic|1']],
    [`select a."user", b.database from pools a left join pools b on b.database = a."user" limit 1`, ['app|']],
    ['select (select count(*) from pools), exists (select 1 from pools where active > 100)', ['3|f']],
    ['with busy as (select * from pools where active > 2) select count(*) from busy', ['2']],
    ['select 1 as a union all select 2 order by a desc', ['2', '1']],
    ["select * from (values (1, 'x')) v(a, b)", ['1|x']],
    ['select coalesce(ratio, 0), greatest(active, 5), nullif(active, 1) from pools where paused', ['0|5|']],
    ['select string_agg("user", \',\') filter (where not paused) from pools', ['app,app']],
    ['select version(), current_user, current_database()', ['PostgreSQL 15.0 (medrex)|app|medrex']],
    ["select current_setting('server_version_num')::int / 100", ['1500']],
    ["select database = any('{lab,x}'), 'lab' = any(array['lab']) from pools where active = 7", ['t|t']],
    ['select count(distinct database) from pools', ['2']],
    ["select date_trunc('hour', since) from pools where active = 3", ['2026-01-02 11:00:00+00']],
    ['select null is distinct from 1, null and true, null or true, not null', ['t|||'.replace('|||', '||t|')]],
  ])('%s', (text, expected) => {
    expect(rows(text)).toEqual(expected);
  });

  it('infers the types of parameters from their context', () => {
    const text = 'select database from pools where active >= $1 and since is null and "user" = $2 limit $3';
    expect(query(text).parameterTypes).toEqual([20, 25, 20]);
    expect(rows(text, ['7', 'app', '1'])).toEqual(['lab']);
    expect(rows(text, [null, 'app', null])).toEqual([]);
    const typed = query('select $1 + 1', [23]);
    expect([typed.parameterTypes, typed.columns[0]?.type]).toEqual([[23], 'int4']);
    expect(typed.run([{ bytes: Buffer.from([0, 0, 0, 41]), isBinary: true }], nowMs)).toMatchObject({ rows: [[42]] });
  });

  it('names outputs as PostgreSQL does', () => {
    const text =
      "select count(*), 1, 'a'::text, now(), current_user, coalesce(1), active::text, a.database from pools a group by 7, 8";
    expect(query(text).columns.map(({ name }) => name)).toEqual([
      ...['count', '?column?', 'text', 'now', 'current_user', 'coalesce', 'active', 'database'],
    ]);
  });

  it('passes bounds on columns to the table', () => {
    rows("select 1 from pools where database = 'lab' and active between $1 and 9 and 3 < active", ['2']);
    expect([...wanted]).toEqual([
      ['database', { min: 'lab', max: 'lab' }],
      ['active', { min: 3, max: 9 }],
    ]);
  });

  it.each([
    ['select nonsense from pools', '42703 column "nonsense" does not exist'],
    ['select * from secrets', '42P01 relation "secrets" does not exist'],
    ['select a.active from pools', '42P01 missing FROM-clause entry for table "a"'],
    ['select active from pools, pools b', '42702 column reference "active" is ambiguous'],
    [
      'select active, count(*) from pools',
      '42803 column "active" must appear in the GROUP BY clause or be used in an aggregate function',
    ],
    [
      'select sum(active) over (order by active rows 2 preceding) from pools',
      '0A000 a window with a name or with a frame of its own is not supported on tables of pg-proxy',
    ],
    ['select database + 1 from pools', '42883 operator does not exist: text + integer'],
    ["select active from pools where active = 'x'", '22P02 invalid input syntax for type bigint'],
    ['select 1 / 0', '22012 division by zero'],
    ['select 2147483647 + 1', '22003 integer out of range'],
    ["select database ~ '(?i)a' from pools", '0A000 this regular expression is not supported on tables of pg-proxy'],
    ["select database ~ 'a+b+c+' from pools", '0A000 this regular expression is not supported on tables of pg-proxy'],
    ["select database ~ '(a+)+$' from pools", '0A000 this regular expression is not supported on tables of pg-proxy'],
    ['select pg_sleep(10)', '42883 function pg_sleep(integer) does not exist'],
    ['insert into pools values (1)', '0A000 INSERT is not supported on tables of pg-proxy'],
    ['select 1 from', '42601 syntax error at end of input'],
    [
      'select * from pools a, pools b, pools c, pools d, pools e, pools f, pools g, pools h, pools i, pools j, pools k, pools l',
      '54000 too many rows would have to be looked at',
    ],
  ])('%s: %s', (text, expected) => {
    expect(fault(text)).toBe(expected);
  });

  it('reports the position of an error in characters', () => {
    const [statement] = readTableStatements("select 'é', nonsense from pools", tables).statements;
    expect(statement).toMatchObject({ kind: 'fault', fault: { position: 13 } });
  });

  it('accepts the statements that drivers send around their queries', () => {
    const { statements } = readTableStatements(
      "SET application_name = 'x'; BEGIN; SHOW TRANSACTION ISOLATION LEVEL; SELECT 1; COMMIT; DISCARD ALL",
      tables,
    );
    expect(statements.map(({ kind }) => kind)).toEqual(
      ['session', 'transaction', 'show', 'query', 'transaction', 'session'], //
    );
  });
});
