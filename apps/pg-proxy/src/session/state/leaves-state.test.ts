import { describe, expect, it } from '@jest/globals';
import { leavesState } from './leaves-state.ts';

describe('leavesState', () => {
  it.each([
    'SET work_mem = 1',
    '  set search_path to x',
    '/* app */ -- so\n SET x TO 1',
    '/* one /* in another */ */ set x to 1',
    '-- so\r set x to 1',
    'select 1; set x to 1',
    'SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY',
    'listen news',
    "LOAD 'auto_explain'",
    'prepare s as select 1',
    'create temp table t (a int)',
    'CREATE TEMPORARY VIEW v AS SELECT 1',
    'select * into temp t from u',
    'select pg_advisory_lock(1)',
    'select pg_try_advisory_lock_shared(1, 2)',
    "select set_config('a.b', 'c', false)",
    'declare c cursor with hold for select 1',
    "select nextval('s')",
    'select lastval()',
    'select pg_backend_pid()',
    'table pg_prepared_statements',
    'reset all',
    'execute s',
    'deallocate all',
    'do $$ begin set x to 1; end $$',
    'select pg_advisory_unlock(1)',
    `select "set_config"('a.b', 'c', false)`,
    "select pg_replication_origin_session_setup('a')",
  ])('says yes to %s', (text) => {
    expect(leavesState(text)).toBe(true);
  });

  it.each([
    'update t set a = 1',
    'insert into t values (1) on conflict (a) do update set b = 2',
    'set local work_mem = 1',
    'set transaction isolation level serializable',
    'set constraints all deferred',
    "prepare transaction 'x'",
    'declare c cursor for select 1',
    'select pg_advisory_xact_lock(1)',
    'select a from settings',
    'alter table t alter a set default 1',
    'begin; select 1; commit',
  ])('says no to %s', (text) => {
    expect(leavesState(text)).toBe(false);
  });

  it('is fast for a long comment without end', () => {
    expect(leavesState(`/*${'*'.repeat(4_000)}`)).toBe(false);
    expect(leavesState(`${'/**/'.repeat(1_000)}select 1`)).toBe(false);
  });
});
