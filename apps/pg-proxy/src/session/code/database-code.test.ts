import { describe, expect, it } from '@jest/globals';
import { SqlAnalyser, type Statement } from '@medrex/sql';
import { notChecked, DatabaseCode } from './database-code.ts';

const analyser = await SqlAnalyser.load();
const statementsOf = (text: string): readonly Statement[] | 'unread' => {
  const analysis = analyser.analyse(text);
  return analysis.kind === 'read' ? analysis.statements : 'unread';
};

const tenant = `begin perform set_config('app.tenant', $1, false); end`;
const known = {
  builtIn: ['pg_sleep'],
  functions: ['set_tenant', 'harmless', 'wraps', 'Größe'],
  relations: ['noted', 'plain', 'child', 'parent', 'v'],
  sources: [
    ['set_tenant', tenant],
    ['harmless', 'select 1'],
    ['wraps', 'begin return set_tenant(1); end'],
    ['Größe', tenant],
    ['lost', 'execute anything'],
  ],
  uses: [
    ['noted', 'wraps'],
    ['parent', 'noted'],
    ['v', 'set_tenant'],
  ],
} as const;

/** As it is once the catalogue was read. */
const read = (now = () => 0): DatabaseCode => {
  const code = new DatabaseCode(now);
  code.read(known, code.beginRead());
  code.endRead();
  return code;
};
const concerns = (code: DatabaseCode, text: string): boolean => code.mustAnalyse({ text }, notChecked());
const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('code that is not visible', () => {
  it.each([
    ...['select a from t where id = $1', 'select count(*), lower(a) from t where a in (1)', 'table t'],
    ...['with a as (select * from t) select * from a', 'copy (select * from t) to stdout'],
  ])('may be in anything that reads, until the catalogue has been read: %s', (text) => {
    const unread = new DatabaseCode(() => 0);
    expect([concerns(unread, text), unread.isUnknown({ text, statements: statementsOf(text) })]).toEqual([true, true]);
    const code = read();
    expect([concerns(code, text), code.isUnknown({ text, statements: statementsOf(text) })]).toEqual([false, false]);
    unread.refused();
    expect([concerns(unread, text), unread.isUnknown({ text, statements: statementsOf(text) })]).toEqual([
      ...[false, false],
    ]);
  });

  it.each(['SELECT 1;', 'begin', 'select lower($1)', 'set a.b = 1'])(
    'is not in a text that reads, calls and writes nothing, whatever has been read: %s',
    (text) => {
      expect(concerns(new DatabaseCode(() => 0), text)).toBe(false);
      expect(concerns(read(), text)).toBe(false);
    },
  );

  it('is searched for in the whole text, in time linear in its length', () => {
    const long = `'${'ab'.repeat(500_000)}'`;
    for (const text of [`select ${long}, made_later(1)`, `select ${long} /* -- */, made_later(1)`])
      expect([concerns(read(), text), concerns(read(), text.replace('made_later', 'lower'))]).toEqual([true, false]);
    const comments = `select ${long.slice(0, 15_000)} -- x\n, made_later /* y */ (1)`;
    expect(concerns(read(), comments)).toBe(true);
  });

  it('is not searched for again in writes to a table that did not exist, whatever was searched before', () => {
    const code = read();
    const text = 'insert into tt values ($1)';
    const isUnknown = (): boolean => code.isUnknown({ text, statements: statementsOf(text) });
    expect([concerns(code, text), isUnknown()]).toEqual([true, true]);
    code.rememberTemporaryTables(text);
    expect([concerns(code, text), isUnknown()]).toEqual([false, false]);
    const behind = 'with a as (select 1) insert into uu select * from a';
    expect([concerns(code, behind), code.isUnknown({ text: behind, statements: statementsOf(behind) })]).toEqual([
      true,
      true,
    ]);
  });

  it('is searched for once in texts that differ in literals only, and in each set of literals', () => {
    const code = read();
    const concernsLike = (text: string): boolean => {
      const statements = statementsOf(text);
      return statements !== 'unread' && code.mustAnalyseSimilar({ text }, statements);
    };
    const noted = [1, 2].map((id) => `insert into plain values (${id}, lower('x'))`);
    expect(noted.map(concernsLike)).toEqual([false, false]);
    const named = ['set_tenant(1)', 'x', 'set_tenant(2)'].map((text) => `select lower('${text}') where harmless() = 1`);
    expect(named.map(concernsLike)).toEqual([true, false, true]);
    expect([1, 2].map((id) => `select set_tenant(${id})`).map(concernsLike)).toEqual([true, true]);
  });

  it.each([
    'select set_tenant(7)',
    'select "s".SET_TENANT /* of mine */ (7)',
    'select wraps()',
    'insert into noted values (1)',
    'delete from only s.parent',
    'select * from v',
    'do $$ begin perform wraps(); end $$',
    'execute p',
    latin1('select "Größe"(1)'),
  ])('is found by names, and by what reaches them: %s', (text) => {
    const code = read();
    expect(concerns(code, text)).toBe(true);
    expect(code.isUnknown({ text, statements: statementsOf(text) })).toBe(false);
    expect(code.factsOf(text)).toEqual({
      settings: text === 'execute p' ? [] : ['app.tenant'],
      isOpaque: false,
      deallocates: false,
      leavesProcessState: false,
    });
  });

  it.each(['select harmless(1)', 'insert into plain (a, b) values (harmless(1), 2)', 'update child set a = 1'])(
    'is known to leave nothing: %s',
    (text) => {
      expect(concerns(read(), text)).toBe(false);
    },
  );

  it('must be read for unknown names, and not for what only looks like a call', () => {
    const code = read();
    for (const text of ['select s.created_later(1)', 'insert into made_later values (1)']) {
      expect(concerns(code, text)).toBe(true);
      expect(code.isUnknown({ text, statements: statementsOf(text) })).toBe(true);
    }
    const text = `with x(a) as (select 1) select 'called (' from x as y(a)`;
    expect(concerns(code, text)).toBe(true);
    expect(code.isUnknown({ text, statements: statementsOf(text) })).toBe(false);
    expect(concerns(code, text)).toBe(false);
  });

  it('must be read again after DDL, and when it is old', () => {
    let nowMs = 0;
    const code = read(() => nowMs);
    const look = notChecked();
    const asked = { text: 'select harmless(1)' };
    expect(code.mustAnalyse(asked, look)).toBe(false);
    const reads = notChecked();
    expect(code.mustAnalyse({ text: 'select a from t' }, reads)).toBe(false);
    nowMs = 5_001;
    expect(code.mustAnalyse(asked, look)).toBe(true);
    expect(code.mustAnalyse({ text: 'select a from t' }, reads)).toBe(true);
    const asOf = code.beginRead();
    // Others need not wait for that.
    expect(code.mustAnalyse({ text: 'select a from t' }, reads)).toBe(false);
    code.stale();
    code.confirmed(asOf);
    // Something was defined while it was read.
    expect(code.mustAnalyse(asked, look)).toBe(true);
    code.confirmed(code.beginRead());
    expect(code.mustAnalyse(asked, look)).toBe(false);
    for (const text of ['create or replace function harmless()', 'ALTER TABLE t', 'select 1; create trigger x'])
      expect(code.redefinedBy(text)).toBe(true);
    for (const text of ['create table t (a int)', 'alter role r', 'drop table t'])
      expect(code.redefinedBy(text)).toBe(false);
  });

  it('is anything if an operator or a type runs it', () => {
    const code = new DatabaseCode(() => 0);
    code.read({ ...known, uses: [['*', 'set_tenant']] }, code.beginRead());
    expect(code.factsOf('select a + b from t')).toEqual({
      settings: ['app.tenant'],
      isOpaque: false,
      deallocates: false,
      leavesProcessState: false,
    });
    expect(concerns(code, 'select a + b from t')).toBe(true);
  });
});
