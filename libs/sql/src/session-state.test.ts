import { beforeAll, describe, expect, it } from '@jest/globals';
import { SessionState, type Completion } from './session-state.ts';
import { SqlAnalyser } from './sql-analyser.ts';
import type { Statement } from './statement.ts';

let analyser: SqlAnalyser;

beforeAll(async () => {
  analyser = await SqlAnalyser.load();
});

/** A session that runs simple queries; with a leading `!` the last statement fails. */
class Session {
  readonly state: SessionState;
  #status: 'I' | 'T' | 'E' = 'I';

  constructor(role?: string) {
    this.state = new SessionState(() => false, role);
  }

  run(text: string, completion: Completion = {}): this {
    const isFailing = text.startsWith('!');
    const statements = readAll(isFailing ? text.slice(1) : text);
    statements.forEach((statement, place) => {
      if (isFailing && place === statements.length - 1) {
        this.state.failed(statement, completion);
        const isEnd = statement.transaction?.verb === 'commit' || statement.transaction?.verb === 'prepare';
        if (this.#status === 'T') this.#status = isEnd ? 'I' : 'E';
        return;
      }
      const verb = statement.transaction?.verb;
      const isLost = verb === 'commit' && this.#status === 'E';
      this.state.completed(statement, { ...completion, ...(isLost ? { tag: 'ROLLBACK' } : {}) });
      if (verb === 'begin' || verb === 'rollbackTo') this.#status = 'T';
      if (verb === 'commit' || verb === 'rollback')
        this.#status = statement.transaction?.isChained === true ? 'T' : 'I';
    });
    this.state.settled(this.#status);
    return this;
  }
}

function readAll(text: string): readonly Statement[] {
  const analysis = analyser.analyse(text);
  if (analysis.kind !== 'read') throw new Error(`${analysis.kind}: ${text}`);
  return analysis.statements;
}

const after = (...texts: string[]): readonly string[] =>
  texts.reduce((session, text) => session.run(text), new Session()).state.reasons;

describe('the effect of a call that may not run', () => {
  it('is removed by DISCARD ALL even if the pipeline after it fails', () => {
    // Not valid as a simple query; a pipeline is followed in the same way.
    const { parameters } = new Session().run("set work_mem to '5MB'").run('!discard all; select 1/0').state;
    expect([...parameters]).toEqual([]);
  });

  it.each([
    "with x as (select set_config('a.b', 'x', false)) select 1",
    "select set_config('a.b', 'x', false) from t",
    "select case when x then set_config('a.b', 'x', false) end from t",
    "select set_config('a.b', 'x', false) limit 0",
    "select set_config('a.b', lower('x'), false)",
    "select set_config('a.b', current_user::text, $1)",
  ])('is uncertain: %s', (text) => {
    expect(after(text)).toEqual([]);
    expect(readAll(text).flatMap(({ effects }) => effects)).toMatchObject([{ kind: 'set', isUncertain: true }]);
  });

  it('is unknown if the name of the setting is not in the text', () => {
    expect(after("select set_config($1, 'x', false) where false")).toEqual(['opaque']);
  });

  it.each([
    ["update pg_settings set setting = '1MB' where name = 'work_mem'", []],
    ["explain analyze update pg_catalog.pg_settings set setting = '1MB'", []],
    ["select query_to_xml('select set_config(''a.b'', ''x'', false)', true, true, '')", ['a.b']],
    ['select * from crosstab($1) as (a text)', []],
  ])('must be queried if something else sets it: %s', (text, settings) => {
    const effects = readAll(text).flatMap((statement) => statement.effects);
    expect(effects).toContainEqual({
      kind: 'code',
      settings,
      isOpaque: false,
      deallocates: false,
      leavesProcessState: false,
    });
  });

  it('is none if a given text leaves nothing, or if settings are only read', () => {
    const texts = ["select query_to_xml('select 1', true, true, '')", 'select name from pg_settings'];
    expect(texts.flatMap(readAll).flatMap(({ effects }) => effects)).toEqual([]);
  });

  it('releases no lock', () => {
    const effects = readAll('select pg_advisory_unlock(1) where false').flatMap((statement) => statement.effects);
    expect(effects).toEqual([
      { kind: 'code', settings: [], isOpaque: false, deallocates: false, leavesProcessState: false },
    ]);
  });

  it.each([
    "select set_config('a.b', 'x', false)",
    "select set_config('a.b', 'x', false)::text, set_config('a.c', $1, false), now()",
  ])('is certain if it always runs: %s', (text) => {
    expect(after(text)).not.toEqual([]);
  });
});

describe('pinning and unpinning of a session', () => {
  it.each([
    ['set a.b = 1', 'parameter', 'reset a.b'],
    ["set time zone 'UTC'", 'parameter', 'set time zone default'],
    ['set session characteristics as transaction read only', 'parameter', 'reset all'],
    ["select set_config('a.b', 'x', false)", 'parameter', 'reset all'],
    ["select set_config('work_mem', lower('4MB'), false)", 'unknownParameter', 'reset all'],
    ['select pg_backend_pid()::text', 'shown', 'discard all'],
    ["select 'I am ' || pg_catalog.pg_backend_pid()", 'shown', 'discard all'],
    ['select * from pg_backend_pid()', 'shown', 'discard all'],
    ['with me as (select pg_backend_pid() as pid) select pid from me', 'shown', 'discard all'],
    ['select 1 union all values (pg_backend_pid())', 'shown', 'discard all'],
    ['copy (select pg_backend_pid()) to stdout (format binary)', 'shown', 'discard all'],
    ['declare c cursor for select pg_backend_pid()', 'shown', 'discard all'],
    ['insert into t values (1) returning pg_backend_pid()', 'shown', 'discard all'],
    ['insert into t values (pg_backend_pid()) returning *', 'shown', 'discard all'],
    ['select name from pg_prepared_statements', 'shown', 'deallocate all'],
    ['select * from pg_prepared_statement()', 'shown', 'discard all'],
    ['set role r', 'role', 'reset role'],
    ['set role none', 'role', 'reset role'],
    ["select set_config('role', 'r', false)", 'role', 'set role to default'],
    ["select set_config('Role', lower('r'), false)", 'role', 'reset role'],
    ["select set_config('session_authorization', 'u', false)", 'authorization', 'reset session authorization'],
    ['set session authorization u', 'authorization', 'reset session authorization'],
    ['create temp table t (a int)', 'temporaryObject', 'drop table t'],
    ['create temp table t as select 1', 'temporaryObject', 'discard temp'],
    ['select 1 into temp t', 'temporaryObject', 'drop table pg_temp.t'],
    ['create temp view v as select 1', 'temporaryObject', 'drop view v'],
    ['create temp sequence s', 'temporaryObject', 'drop sequence s'],
    ['create table pg_temp.t (a int)', 'temporaryObject', 'drop table t'],
    ["create function pg_temp.f() returns int language sql as 'select 1'", 'temporaryObject', 'discard temp'],
    ['create statistics pg_temp.s on a, b from t', 'temporaryObject', 'discard temp'],
    ['explain analyze create temp table t as select 1', 'temporaryObject', 'drop table t'],
    ['listen c', 'listen', 'unlisten c'],
    ['listen c', 'listen', 'unlisten *'],
    ['select pg_advisory_lock(1)', 'advisoryLock', 'select pg_advisory_unlock(1)'],
    ['select pg_advisory_lock(1, 2)', 'advisoryLock', 'select pg_advisory_unlock_all()'],
    ['select pg_try_advisory_lock_shared(1)', 'advisoryLock', 'select pg_advisory_unlock_shared(1)'],
    ["select pg_advisory_lock(hashtext('x'))", 'advisoryLock', "select pg_advisory_unlock(hashtext('x'))"],
    ['select pg_advisory_lock(id) from t', 'advisoryLock', 'select pg_advisory_unlock_all()'],
    ['prepare p as select 1', 'preparedStatement', 'deallocate p'],
    ['prepare p as select 1', 'preparedStatement', 'deallocate all'],
    ['declare c cursor with hold for select 1', 'heldCursor', 'close c'],
    ['declare c cursor with hold for select 1', 'heldCursor', 'close all'],
    ["select nextval('s')", 'sequence', 'discard sequences'],
    ["do $$ begin perform set_config(n, '1', false); end $$", 'opaque', 'discard all'],
    ['set seed to 0.5', 'opaque', 'discard all'],
    ["select set_config('seed', '0.5', false)", 'opaque', 'discard all'],
    ['do $$ begin execute t; end $$', 'opaque', 'discard all'],
  ])('%s: %s, until %s', (pinning, reason, freeing) => {
    expect(after(pinning)).toEqual([reason]);
    expect(after(pinning, freeing)).toEqual([]);
    expect(after(pinning, 'discard all')).toEqual([]);
  });

  it.each([
    'select 1',
    'insert into t values (1)',
    "set local a.b = 'x'",
    "select set_config('a.b', 'x', true)",
    "select set_config(('a.b'), ('x'), ('TRUE'::bool))",
    "select set_config('a.b', 'x', 'on')",
    'set transaction isolation level serializable',
    'set local role r',
    'set constraints all deferred',
    'create temp table t (a int) on commit drop',
    'create table t (a int)',
    'drop table t',
    'select pg_advisory_xact_lock(1)',
    'declare c cursor for select 1',
    'explain create temp table t as select 1',
    'do $$ begin raise notice $x$a$x$; end $$',
    'select public.pg_advisory_lock(1)',
    'notify c',
    'unlisten *',
    'deallocate all',
    'select count(*) from pg_stat_activity a join pg_locks l on l.pid = pg_backend_pid() where a.pid <> pg_backend_pid()',
    'select pid, pid = pg_backend_pid() as is_own from pg_stat_activity order by pid = pg_backend_pid()',
    'insert into t values (pg_backend_pid())',
    'create table t as select pg_backend_pid()',
  ])('%s: does not pin', (text) => {
    expect(after(text)).toEqual([]);
  });

  it.each([
    ["load 'x'", 'library'],
    ["select dblink_connect('x')", 'opaque'],
  ])('%s stays for good', (text, reason) => {
    expect(after(text, 'discard all')).toEqual([reason]);
  });

  it('counts locks per key', () => {
    expect(after('select pg_advisory_lock(1)', 'select pg_advisory_lock(1)', 'select pg_advisory_unlock(1)')).toEqual([
      'advisoryLock',
    ]);
    expect(after('select pg_advisory_lock(1)', 'select pg_advisory_unlock(2)')).toEqual(['advisoryLock']);
    expect(after('select pg_advisory_lock(1)', 'select pg_advisory_unlock_shared(1)')).toEqual(['advisoryLock']);
    expect(after('select pg_advisory_lock(random()::int)', 'select pg_advisory_unlock(random()::int)')).toEqual([
      'advisoryLock',
    ]);
  });

  it('pins by settings that cannot be changed after temporary tables were used', () => {
    expect(after('set temp_buffers = 100')).toEqual(['parameter', 'unknownParameter']);
    expect(after('set temp_buffers = 100', 'reset temp_buffers')).toEqual([]);
  });

  it('reads values from bound parameters', () => {
    const session = new Session();
    const bound = (value: string) => ({ bound: () => value });
    session.run('select pg_advisory_lock(hashtext($1))', bound('x'));
    session.run('select pg_advisory_unlock(hashtext($1))', bound('y'));
    expect(session.state.reasons).toEqual(['advisoryLock']);
    session.run('select pg_advisory_unlock(hashtext($1))', bound('x'));
    expect(session.state.reasons).toEqual([]);
    session.run("select set_config('App.User', $1, false)", bound('u'));
    expect([...session.state.parameters]).toEqual([['app.user', 'u']]);
    session.run('select pg_advisory_lock($1)');
    session.run('select pg_advisory_unlock($1)');
    expect(session.state.reasons).toEqual(['parameter', 'advisoryLock']);
  });

  it('takes a setting as local if a bound parameter says so', () => {
    const session = new Session();
    const set = 'select set_config($1, $2, $3)';
    const bound = (...values: (string | undefined)[]) => ({ bound: (place: number) => values[place - 1] });
    session.run(set, bound('a.b', 'x', 'TRUE'));
    expect(session.state.reasons).toEqual([]);
    session.run(set, bound('a.b', 'x', 'f'));
    expect([...session.state.parameters]).toEqual([['a.b', 'x']]);
    session.run(set, bound('a.b', 'y', 't'));
    expect([...session.state.parameters]).toEqual([['a.b', 'x']]);
    session.run(set, bound('a.b', 'y', undefined));
    expect(session.state.reasons).toEqual(['unknownParameter']);
  });

  it('does not know whether a setting lasts if an expression decides that it is local', () => {
    const text = "select set_config('a.b', 'x', not $1)";
    expect(after(text)).toEqual([]);
    expect(readAll(text).flatMap(({ effects }) => effects)).toMatchObject([{ kind: 'set', isUncertain: true }]);
    expect(after("select set_config($1, 'x', not $2)")).toEqual(['opaque']);
  });

  it('keeps values in a form that can be set again', () => {
    const session = new Session()
      .run('set search_path to a, "B c", \'d\'')
      .run('set statement_timeout = 500')
      .run('set x.y to -1.5');
    expect([...session.state.parameters]).toEqual([
      ['search_path', 'a, "B c", d'],
      ['statement_timeout', '500'],
      ['x.y', '-1.5'],
    ]);
  });

  it('applies the effects of a prepared statement when it is executed', () => {
    expect(after("prepare p as select set_config('a.b', 'x', false)")).toEqual(['preparedStatement']);
    expect(after('prepare p as select pg_backend_pid()', 'execute p', 'deallocate p')).toEqual(['shown']);
    expect(after("prepare p as select set_config('a.b', 'x', false)", 'execute p', 'deallocate p')).toEqual([
      'parameter',
    ]);
  });

  it('adopts what the server reports after code ran', () => {
    const has = {
      temporaryObject: false,
      listen: true,
      advisoryLock: true,
      preparedStatement: false,
      heldCursor: false,
    };
    const session = new Session().run('create temp table t (a int)').run('listen c').run('prepare p as select 1');
    const settings = new Map([['app.tenant', '7']]);
    session.state.adopt({ settings, reset: [], role: 'r', authorization: undefined, has, hasPrepared: true });
    expect(session.state.reasons).toEqual(['parameter', 'role', 'listen', 'advisoryLock']);
    expect(session.state.parameters).toEqual(settings);
    expect(session.state.hasUnnamed).toBe(true);
    expect(session.run('unlisten c').run('select pg_advisory_unlock_all()').state.reasons).toEqual([
      'parameter',
      'role',
    ]);
    expect(session.run('discard all').state.reasons).toEqual([]);
  });

  it('keeps the role after RESET ALL, however it was set', () => {
    expect(after("select set_config('role', 'r', false)", 'reset all')).toEqual(['role']);
    expect(after('set role r', 'reset all')).toEqual(['role']);
  });

  it('is pinned by any role other than the one that it began with', () => {
    const session = new Session('r');
    const reasons = (text: string): readonly string[] => session.run(text).state.reasons;
    expect(reasons('set role r')).toEqual([]);
    expect(reasons('set role none')).toEqual(['role']);
    expect(reasons('reset role')).toEqual([]);
    expect(reasons("select set_config('role', 'none', false)")).toEqual(['role']);
    expect(reasons('discard all')).toEqual([]);
    expect(reasons('set session authorization u')).toEqual(['authorization']);
    expect(reasons('reset session authorization')).toEqual([]);
  });

  it('stays pinned by a text that could not be parsed, until DISCARD ALL', () => {
    const session = new Session();
    session.state.ranUnparsed();
    expect(session.state.reasons).toEqual(['opaque']);
    expect(session.run('discard all').state.reasons).toEqual([]);
  });
});

describe('transactions', () => {
  it.each([
    [['begin', 'set a.b = 1', 'rollback'], []],
    [['begin', 'set a.b = 1', 'commit'], ['parameter']],
    [['begin', 'listen c', 'create temp table t (a int)', 'declare c cursor with hold for select 1', 'rollback'], []],
    [
      ['begin', 'prepare p as select 1', 'select pg_advisory_lock(1)', 'rollback'],
      ['advisoryLock', 'preparedStatement'],
    ],
    [['set a.b = 1', 'begin', 'reset a.b', 'rollback'], ['parameter']],
    [['begin', 'savepoint s', 'set a.b = 1', 'rollback to s', 'listen c', 'commit'], ['listen']],
    [['begin', 'set a.b = 1', 'savepoint s', 'savepoint t', 'set role r', 'rollback to s', 'commit'], ['parameter']],
    [['begin', 'savepoint s', 'set a.b = 1', 'release s', 'commit'], ['parameter']],
    [['begin', 'savepoint s', 'set a.b = 1', 'savepoint s', 'listen c', 'rollback to s', 'commit'], ['parameter']],
    [['begin', 'set a.b = 1', '!select 1/0', 'commit'], []],
    [['begin', 'set a.b = 1', 'commit and chain', 'listen c', 'rollback'], ['parameter']],
    [['begin', 'set a.b = 1', 'rollback and chain', 'listen c', 'commit'], ['listen']],
    [['set a.b = 1; begin', 'rollback'], []],
    [['set a.b = 1; begin; rollback; listen c'], ['listen']],
    [['!set a.b = 1; select 1/0'], []],
    [['listen c', '!set a.b = 1; select 1/0'], ['listen']],
    [['begin', "prepare transaction 'x'", 'set a.b = 1'], ['parameter']],
  ])('%j leaves %j', (texts, reasons) => {
    expect(after(...texts)).toEqual(reasons);
  });

  it.each<[string[], [string, string][]]>([
    [['set a.b = 1', 'begin', 'set a.b = 2', 'set a.b = 3', 'rollback'], [['a.b', '1']]],
    [['set a.b = 1', 'begin', 'set a.b = 2', 'savepoint s', 'reset all', 'rollback to s', 'commit'], [['a.b', '2']]],
    [['set a.b = 1', 'begin', 'savepoint s', 'reset a.b', 'release s', 'set a.c = 4', 'rollback'], [['a.b', '1']]],
    [['begin', 'set a.b = 1', 'commit and chain', 'set a.b = 2', 'set a.c = 3', 'rollback'], [['a.b', '1']]],
    [['set a.b = 1', '!reset a.b; set a.c = 2; select 1/0'], [['a.b', '1']]],
  ])('%j leaves the values %j', (texts, values) => {
    const { state } = texts.reduce((session, text) => session.run(text), new Session());
    expect([...state.parameters]).toEqual(values);
  });

  it('costs the same with many channels as with few', () => {
    const state = new SessionState();
    const [statement] = readAll('listen c') as [Statement];
    for (let at = 0; at < 50_000; at++) {
      state.completed({ ...statement, effects: [{ kind: 'listen', channel: `c${at}` }] });
      state.settled('I');
    }
    expect(state.reasons).toEqual(['listen']);
  });

  it('reverts a transaction whose COMMIT fails', () => {
    expect(after('begin', 'set a.b = 1', 'listen c', '!commit')).toEqual([]);
    expect(after('begin', 'set role r', "!prepare transaction 'x'", 'set a.b = 1')).toEqual(['parameter']);
    expect(after('begin; set a.b = 1', '!listen c; commit')).toEqual([]);
    expect(after('set a.b = 1', 'begin', 'listen c', '!commit')).toEqual(['parameter']);
  });

  it('does not reopen a cursor that was closed in a rolled back transaction', () => {
    const declared = 'declare h cursor with hold for select 1';
    expect(after(declared, 'begin', 'close h', 'rollback')).toEqual([]);
    expect(after('begin', declared, 'savepoint s', 'close all', declared, 'rollback to s', 'commit')).toEqual([]);
  });

  it('assumes that a lock is held if its statement failed for another reason', () => {
    expect(after('!select pg_advisory_lock(1), 1/0')).toEqual(['advisoryLock']);
    expect(after('!select pg_advisory_lock(1)')).toEqual([]);
  });
});
