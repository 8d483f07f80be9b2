import { beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SqlAnalyser, type Analysis } from './sql-analyser.ts';
import type { Statement } from './statement.ts';

let analyser: SqlAnalyser;

beforeAll(async () => {
  analyser = await SqlAnalyser.load();
});

function read(text: string): readonly Statement[] {
  const analysis = analyser.analyse(text);
  if (analysis.kind !== 'read') throw new Error(`${analysis.kind}: ${text}`);
  return analysis.statements;
}

function only(text: string): Statement {
  const [statement, ...more] = read(text);
  if (statement === undefined || more.length > 0) throw new Error(`not one statement: ${text}`);
  return statement;
}

const names = (relations: Statement['reads']): string[] =>
  relations.map(({ schema, name }) => (schema === undefined ? name : `${schema}.${name}`));

it.each<[string, unknown]>([
  ["alter role ann set work_mem to '8MB'", { roles: ['ann'], database: undefined }],
  ['alter role ann in database clinic reset all', { roles: ['ann'], database: 'clinic' }],
  ['alter role all in database clinic reset all', { roles: undefined, database: 'clinic' }],
  ["alter user ann with password 'x'", { roles: ['ann'], database: undefined }],
  ['alter role current_user reset all', { roles: undefined, database: undefined }],
  ['drop role ann, bob', { roles: ['ann', 'bob'], database: undefined }],
  ["alter database clinic set work_mem to '8MB'", { roles: undefined, database: 'clinic' }],
  ['alter role ann rename to bob', undefined],
  ['select 1', undefined],
])('tells whose sessions begin with other settings: %s', (text, whose) => {
  expect(only(text).redefines).toEqual(whose);
});

describe('the kind and the tag of a statement', () => {
  it.each([
    ['select 1', 'select', 'SELECT'],
    ['table t', 'select', 'SELECT'],
    ['values (1)', 'select', 'SELECT'],
    ['insert into t values (1)', 'insert', 'INSERT'],
    ['with a as (select 1) update t set b = 1 from a', 'update', 'UPDATE'],
    ['delete from t', 'delete', 'DELETE'],
    ['merge into t using s on t.a = s.a when matched then delete', 'merge', 'MERGE'],
    ['copy t from stdin', 'copyIn', 'COPY'],
    ['copy (select 1) to stdout', 'copyOut', 'COPY'],
    ['begin', 'transaction', 'BEGIN'],
    ['start transaction', 'transaction', 'START TRANSACTION'],
    ['end', 'transaction', 'COMMIT'],
    ['abort', 'transaction', 'ROLLBACK'],
    ['rollback to a', 'transaction', 'ROLLBACK'],
    ["prepare transaction 'x'", 'transaction', 'PREPARE TRANSACTION'],
    ['set a = 1', 'session', 'SET'],
    ['reset all', 'session', 'RESET'],
    ['show a', 'session', 'SHOW'],
    ['discard all', 'session', 'DISCARD ALL'],
    ['set constraints all deferred', 'session', 'SET CONSTRAINTS'],
    ['close all', 'cursor', 'CLOSE CURSOR ALL'],
    ['move 3 from c', 'cursor', 'MOVE'],
    ['deallocate all', 'prepared', 'DEALLOCATE ALL'],
    ['explain select 1', 'explain', 'EXPLAIN'],
    ['vacuum t', 'utility', 'VACUUM'],
    ['analyze', 'utility', 'ANALYZE'],
    ['create table t as select 1', 'schema', 'SELECT'],
    ['create index on t (a)', 'schema', 'CREATE INDEX'],
    ['drop materialized view m', 'schema', 'DROP MATERIALIZED VIEW'],
    ['alter table t rename column a to b', 'schema', 'ALTER TABLE'],
    ['alter view v rename to w', 'schema', 'ALTER VIEW'],
    ['alter text search dictionary d (a = b)', 'schema', 'ALTER TEXT SEARCH DICTIONARY'],
    ['truncate t', 'schema', 'TRUNCATE TABLE'],
    ['grant a to b', 'schema', 'GRANT ROLE'],
  ])('%s', (text, kind, command) => {
    expect(only(text)).toMatchObject({ kind, command });
  });
});

describe('the tables of a statement', () => {
  it.each([
    ['select * from a, b.c join d on true', ['a', 'b.c', 'd'], []],
    ['select (select 1 from x) from a where exists (select 1 from y)', ['x', 'a', 'y'], []],
    ['with a as (select 1 from t) select * from a, public.a', ['t', 'public.a'], []],
    ['with a as (select 1 from a) select * from a', ['a'], []],
    ['with recursive a as (select 1 union select * from a) select * from a', [], []],
    ['with a as (select 1), b as (with c as (select * from a) select * from c, d) select * from b, c', ['d', 'c'], []],
    ['with x as (delete from a returning *) insert into b select * from x', [], ['a', 'b']],
    ['insert into a select * from b on conflict do nothing', ['b'], ['a']],
    ['update a set x = 1 from b where exists (select from c)', ['c', 'b'], ['a']],
    ['merge into a using b on true when matched then delete', ['b'], ['a']],
    ['select * from a for update of a', ['a'], []],
    ['copy a to stdout', ['a'], []],
    ['copy a from stdin', [], ['a']],
    ['create table a as select * from b', ['b'], ['a']],
    ['select * into a from b', ['b'], ['a']],
    ['truncate a, b.c', [], ['a', 'b.c']],
    ['drop table a, b.c', [], ['a', 'b.c']],
    ['drop trigger t on a', [], ['a']],
    ['drop rule r on b.c', [], ['b.c']],
    ['drop policy p on a', [], ['a']],
    ['alter table a add b int', [], ['a']],
    ['create index on a (b)', [], ['a']],
    ['declare c cursor for select * from a', ['a'], []],
    ['explain select * from a', ['a'], []],
    ['prepare p as update a set b = 1', [], ['a']],
  ])('%s', (text, reads, writes) => {
    const statement = only(text);
    expect({ reads: names(statement.reads), writes: names(statement.writes) }).toEqual({ reads, writes });
  });
});

describe('what may be repeated or rerouted', () => {
  it.each([
    ['select a from t where b = 1', true, 'immutable'],
    ['select now()', true, 'stable'],
    ['select current_date', true, 'stable'],
    ['select random()', false, 'volatile'],
    ['select my_function(1)', false, 'unknown'],
    ['select mine.lower(a) from t', false, 'unknown'],
    ['select pg_catalog.lower(a) from t', true, 'immutable'],
    ['select * from t tablesample system (1)', false, 'volatile'],
    ['select a from t for share', false, 'immutable'],
    ['select a into b from t', false, 'immutable'],
    ['with x as (delete from a returning *) select * from x', false, 'immutable'],
    ["select set_config('a', 'b', true)", false, 'volatile'],
    ['select information_schema._pg_expandarray(indkey) from pg_index', true, 'immutable'],
    ['show all', true, 'immutable'],
    ['explain analyze delete from t', false, 'immutable'],
    ['insert into t values (1)', false, 'immutable'],
  ])('%s', (text, isReadOnly, volatility) => {
    expect(only(text)).toMatchObject({ isReadOnly, volatility });
  });

  it('names the functions that are called, wherever the calls are', () => {
    const text =
      'select lower(a), mine.f(b), current_timestamp(2) from pg_catalog.now() where exists (select g(c) from t)';
    expect(only(text).calls).toEqual(['lower', 'mine.f', 'current_timestamp', 'now', 'g']);
    expect(only('prepare p as select f()').calls).toEqual(['f']);
  });

  it('recognizes a query of the catalogue', () => {
    expect(only('select * from pg_class, information_schema.tables, pg_catalog.pg_am').readsCatalogOnly).toBe(true);
    expect(only('select * from pg_class, t').readsCatalogOnly).toBe(false);
    expect(only('create table pg_x (a int)').readsCatalogOnly).toBe(false);
  });
});

describe('the class that a shape suggests', () => {
  it.each([
    ['select a from t where b = $1', 'interactive'],
    ['select a from t limit 10', 'interactive'],
    ['select a from t', 'analytical'],
    ['select count(*) from t', 'analytical'],
    ['select count(*) from t where a = $1', 'interactive'],
    ['select a, count(*) from t where b = 1 group by a', 'analytical'],
    ['select row_number() over (order by a) from t where b = 1', 'analytical'],
    ['select 1 from a, b, c, d, e where x = 1', 'analytical'],
    ['select 1 from a join b using (x) join c using (x) where y = 1', 'interactive'],
    ['with recursive r as (select 1 union select 1 from r) select * from r limit 1', 'analytical'],
    ['select 1 from pg_class a, pg_class b, pg_class c, pg_class d, pg_class e', 'interactive'],
    ['select a from t order by b <=> $1 limit 5', 'vector'],
    ['select $1::vector', 'vector'],
    ['insert into t values (1)', 'interactive'],
    [`insert into t values ${Array.from({ length: 100 }, () => '(1)').join(',')}`, 'bulk'],
    ['copy t from stdin', 'bulk'],
    ['declare c cursor for select 1', 'bulk'],
    ['create table t (a int)', 'admin'],
    ['vacuum', 'admin'],
    ['update t set a = 1 where b = 2', 'interactive'],
  ])('%s', (text, workload) => {
    expect(only(text).workload).toBe(workload);
  });
});

describe('statements that PostgreSQL refuses in a transaction block', () => {
  it.each([
    'vacuum t',
    'create database a',
    'create index concurrently on t (a)',
    'drop index concurrently i',
    'reindex table concurrently t',
    'reindex database d',
    'alter system set a = 1',
    'cluster',
    'discard all',
    "commit prepared 'a'",
    'alter table a detach partition b concurrently',
    "create subscription s connection '' publication p",
  ])('%s', (text) => expect(only(text).isOutsideBlocksOnly).toBe(true));

  it.each(['analyze t', 'create index on t (a)', 'reindex table t', 'cluster t', 'discard temp', 'drop table t'])(
    'but not %s',
    (text) => expect(only(text).isOutsideBlocksOnly).toBe(false),
  );
});

describe('a query of several statements', () => {
  it('has the byte range of each statement in UTF-8', () => {
    const text = "select 'äö€😀';; update t set a = 1 ;";
    const analysis = analyser.analyse(text) as Extract<Analysis, { kind: 'read' }>;
    const bytes = Buffer.from(text);
    expect(analysis.ranges.map(({ start, end }) => bytes.toString('utf8', start, end).trim())).toEqual([
      "select 'äö€😀'",
      'update t set a = 1',
    ]);
    expect(analysis.statements.map(({ command }) => command)).toEqual(['SELECT', 'UPDATE']);
  });

  it('may be empty', () => {
    expect(read('')).toEqual([]);
    expect(read(' ; -- nothing\n;')).toEqual([]);
  });
});

describe('a text that is not SQL', () => {
  it.each([
    ["select 'äö€😀' from from", 20],
    ['selec 1', 1],
    ["select '€' || 'open", 15],
    ['select (1', 10],
  ])('%s: the error has the same position as in PostgreSQL, in characters', (text, position) => {
    expect(analyser.analyse(text)).toMatchObject({ kind: 'unread', fault: { sqlstate: '42601', position } });
  });

  it.each([
    ["select * from patient where name = 'O'Brien' and town = 'Cork", 'select * from patient where name = ...'],
    ["select * from patient where name = O'Brien", 'select * from patient where name = ...'],
    [
      "select * from patient where town = 'Cork' and name = 'Mü'ller'",
      'select * from patient where town = $1 and name = ...',
    ],
    ['set my.patient to brien murphy', 'set ...'],
    ['alter role ward set my.patient to brien murphy', 'alter role ward set ...'],
    ["select 'a'E'b' from from", 'select $1$2 from from'],
    ["( select 'Brien' from from", '( select $1 from from'],
    ['Mrs Brien has a fever since Monday', '...'],
    ["selec 'Brien' from t", '...'],
  ])('shows no word that may be part of a value: %s', (text, normalised) => {
    expect(analyser.analyse(text)).toMatchObject({ kind: 'unread', normalised });
  });

  it.each([
    ['alter role ward set my.patient to brien', 'alter role ward set my.patient TO $1'],
    ['alter database clinic set my.patient = brien', 'alter database clinic set my.patient TO $1'],
    ['alter system set my.patient = brien', 'alter system set my.patient TO $1'],
    ['create text search dictionary d (template = simple, stopwords = brien)', 'create text search dictionary d ...'],
    ['alter text search dictionary d (stopwords = brien)', 'alter text search dictionary d ...'],
  ])('shows no value of a setting that is a bare word: %s', (text, normalised) => {
    expect(analyser.analyse(text)).toMatchObject({ kind: 'read', statements: [{ normalised }] });
  });

  it('is refused for a zero byte, as the parser would ignore the rest', () => {
    expect(analyser.analyse('select 1\0; drop table t')).toMatchObject({
      kind: 'unread',
      fault: { sqlstate: '22021' },
    });
  });

  it.each([
    ['comments', '/**/'.repeat(250_000)],
    ['comments in comments', `select 1 as a, ${'*/'.repeat(500_000)}`],
  ])('is refused if the lexer would be quadratic: %s', (_, text) => {
    expect(analyser.analyseLarge(text)).toMatchObject({ kind: 'unread', fault: { sqlstate: '54001' } });
  });

  it('is parsed with as many operators as a person may write', () => {
    const framed = `${`/*${'*'.repeat(200)}*/\n`.repeat(1_000)} select 1, 2, 3 -- ${'='.repeat(2_000)}`;
    expect(analyser.analyseLarge(framed).kind).toBe('read');
    const sum = `select ${Array.from({ length: 900 }, () => '1').join(' + ')}`;
    expect(only(sum).kind).toBe('select');
  });

  it('survives unlimited nesting, and goes on', () => {
    const deep = `select ${'('.repeat(2_000)}1${')'.repeat(2_000)}`;
    for (const text of [deep, `select ${'('.repeat(400_000)}1`])
      expect(analyser.analyseLarge(text).kind).not.toBe('refused');
    for (const [one, times] of [
      ['not ', 3_000],
      ['- ', 4_500],
      ['a in (', 1_200],
      ['(select ', 1_000],
    ] as const)
      expect(['unread', 'read']).toContain(analyser.analyse(`select ${one.repeat(times)}`).kind);
    expect(analyser.analyse(`select ${'not '.repeat(4_000)}true`)).toMatchObject({ fault: { sqlstate: '54001' } });
    expect(analyser.analyseLarge(`select ${'a+'.repeat(20_000)}1`)).toMatchObject({ fault: { sqlstate: '54001' } });
    expect(only('select 1').kind).toBe('select');
  });
});

describe('large texts', () => {
  const values = (count: number): string =>
    `select a from t where b in (${Array.from({ length: count }, (_, n) => n).join(',')})`;

  it('are left to another thread above 32 KB or if they are dense, and its analysis can be remembered', () => {
    const padded = `select 1 as one, '${'x'.repeat(33_000)}'`;
    for (const text of [padded, values(3_000), 'select 1;'.repeat(1_000)]) {
      expect(analyser.analyse(text)).toEqual({ kind: 'large' });
      const analysis = analyser.analyseLarge(text);
      expect(analysis.kind).toBe('read');
      analyser.remember(text, structuredClone(analysis));
      expect(analyser.analyse(text)).toEqual(analysis);
    }
  });

  it('are refused above 1 MB', () => {
    const text = `select '${'x'.repeat(1024 * 1024)}'`;
    for (const analysis of [analyser.analyse(text), analyser.analyseLarge(text)]) {
      expect(analysis).toMatchObject({ kind: 'refused', fault: { sqlstate: '54000' } });
    }
  });
});

describe('the caches', () => {
  it('find a text that differs only in literals, without parsing', async () => {
    const fresh = await SqlAnalyser.load();
    const first = fresh.analyse("select a from t where b = 1 and c = 'x' /* a='1' */");
    const second = fresh.analyse("select a  from t where b = 25 and c = 'y''z' -- other");
    expect(fresh.counts).toEqual({ exact: 0, similar: 1, parsed: 1 });
    expect((second as Extract<Analysis, { kind: 'read' }>).statements).toEqual(
      (first as Extract<Analysis, { kind: 'read' }>).statements,
    );
    fresh.analyse("select a from t where b = 1 and c = 'x' /* a='1' */");
    expect(fresh.counts.exact).toBe(1);
  });

  it.each([
    ['the same tokens with a number the grammar takes otherwise', 'fetch 1 from c', 'fetch 1.5 from c'],
    ['strings that a line break joins', "select 'a'\n'b'", "select 'a' 'b'"],
    ['SET', "set a = 'x'", "set a = 'y'"],
    ['set_config', "select set_config('a', 'x', false)", "select set_config('a', 'y', false)"],
    ['a quoted name', 'select "a" from t', 'select "b" from t'],
    ['a number with junk', 'select 1 a', 'select 1a'],
    ['an escape string', "select E'a'", "select E'\\u'"],
  ])('do not confuse: %s', async (_, left, right) => {
    const fresh = await SqlAnalyser.load();
    const answers = [fresh.analyse(left), fresh.analyse(right)];
    expect(fresh.counts).toEqual({ exact: 0, similar: 0, parsed: 2 });
    expect(answers[0]).not.toEqual(answers[1]);
  });

  const lies = (analyser: SqlAnalyser, text: string, behind = '\0'): ReturnType<SqlAnalyser['sharedAnalysis']> => {
    const bytes = Buffer.from(`ahead${text}${behind}`);
    return analyser.sharedAnalysis(bytes, 5, bytes.length - Buffer.byteLength(behind));
  };

  it('find a text by its bytes if it differs only in numbers and layout', async () => {
    const fresh = await SqlAnalyser.load();
    expect(lies(fresh, 'select a from t where b = 1')).toBeUndefined();
    const first = fresh.analyse('select a from t where b = 1');
    const alike = lies(fresh, 'select a  from t\nwhere b = 25;');
    expect(alike?.analysisOf(31)).toEqual({ ...first, ranges: [{ start: 0, end: 31 }] });
    expect(lies(fresh, 'select a from t where b = 7')).toBe(alike);
    expect(fresh.counts).toEqual({ exact: 0, similar: 1, parsed: 1 });
  });

  it('keep no memory beyond their own bytes', async () => {
    const fresh = await SqlAnalyser.load();
    fresh.analyse('select a from t where b = 1');
    const key = lies(fresh, 'select a from t where b = 2')?.key;
    expect(key?.buffer.byteLength).toBe(key?.byteLength);
  });

  it.each([
    ['a string', "select a from t where b = '1'", '\0'],
    ['a comment', 'select a from t where b = 1 -- x', '\0'],
    ['a letter beyond ASCII', 'select é from t where b = 1', '\0'],
    ['a name in quotes beyond ASCII', 'select "é" from t where b = 1', '\0'],
    ['a number with a fraction', 'select a from t where b = 1.5', '\0'],
    ['no zero behind it', 'select a from t where b = 1', 'x'],
    ['a zero within it', 'select a from t where b = 1\0 or true', '\0'],
  ])('do not find by its bytes a text with %s', async (_, text, behind) => {
    const fresh = await SqlAnalyser.load();
    fresh.analyse(text);
    expect(lies(fresh, text, behind)).toBeUndefined();
  });

  it('give the same analysis whichever way a text is found', async () => {
    const fresh = await SqlAnalyser.load();
    const part = fc.constantFrom('a', 'b', '1', '22', '(', ')', ',', '+', '"c d"', ' ', '\n', ';', '$1', 'f(', 'now()');
    let found = 0;
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.nat(9_999), (parts, number) => {
        const text = `select ${parts.join(' ')}`;
        fresh.analyse(text);
        const other = text.replaceAll(/\b(?:1|22)\b/g, String(number));
        const alike = lies(fresh, other);
        if (alike === undefined) return;
        found++;
        expect(alike.analysisOf(other.length)).toEqual(fresh.analyse(other));
      }),
      { numRuns: 5_000 },
    );
    expect(found).toBeGreaterThan(500);
  });

  it('keep texts with colliding keys apart', async () => {
    const fresh = await SqlAnalyser.load();
    const texts = Array.from({ length: 3_000 }, (_, at) => `select c${at} from t where b = ${at}`);
    for (const text of texts) fresh.analyse(text);
    for (const text of [...texts, ...texts])
      expect(lies(fresh, text)?.analysisOf(text.length)).toEqual(fresh.analyse(text));
  });

  it('respect their limits', async () => {
    const small = await SqlAnalyser.load({ cacheBytesMax: 16_384 });
    for (let n = 0; n < 100; n++) small.analyse(`select a${n}`);
    small.analyse('select a0');
    expect(small.counts).toEqual({ exact: 0, similar: 0, parsed: 101 });
  });
});
