import { describe, expect, it } from '@jest/globals';
import { codeFacts } from './code-facts.ts';

const seen = { settings: [], isOpaque: false, deallocates: false, leavesProcessState: false };
const opaque = { settings: [], isOpaque: true, deallocates: false, leavesProcessState: false };
const tenant = { settings: ['app.tenant_id'], isOpaque: false, deallocates: false, leavesProcessState: false };

describe('what code may leave behind', () => {
  it.each([
    [`begin perform set_config('app.tenant_id', id::text, false); end`],
    [`SELECT SET_CONFIG('App.Tenant_ID'::text, $1, $2)`],
    [`select pg_catalog.set_config('app.tenant_id', concat('a, b', (id)::text), is_local => false)`],
    [`begin if true then set app.tenant_id to '1'; end if; end`],
    [`set session app.tenant_id = 1`],
    [`begin /* set */ set -- as ever\n app.tenant_id = 1; end`],
    [`begin execute format('set app.tenant_id to %L', id); end`],
    [`begin execute 'select set_config(''app.tenant_id'', ''1'', false)'; end`],
    [`plpy.execute("SET app.tenant_id = 1")`],
  ])('is a setting of this name: %s', (code) => {
    expect(codeFacts(code)).toEqual(tenant);
  });

  it.each([
    'begin set search_path to a, b; end',
    'set role r',
    "set time zone 'utc'",
    'set session authorization r',
    'reset all',
    'begin perform pg_advisory_lock(1); end',
    'begin return pg_try_advisory_lock_shared(1, 2); end',
    'begin create temp table t (a int); end',
    'create or replace local temporary view v as select 1',
    'select 1 into temp t',
    'create function pg_temp.f() returns int',
    "begin execute 'listen ' || c; end",
    "begin execute 'prepare p as select 1'; end",
    "execute 'declare c cursor with hold for select 1'",
  ])('is what the server can show: %s', (code) => {
    expect(codeFacts(code)).toEqual(seen);
  });

  it.each(['begin deallocate all; end', "begin execute 'DEALLOCATE p'; end"])(
    'takes away what is prepared: %s',
    (code) => {
      expect(codeFacts(code)).toEqual({ ...seen, deallocates: true });
    },
  );

  it.each([
    'select set_config(name, value, false)',
    'select set_config(name, value, is_local)',
    "begin execute format('set %I to %L', n, v); end",
    "begin execute 'set ' || n; end",
    'begin execute statement; end',
    'begin perform setseed(0.5); end',
    "begin perform set_config('seed', '0.5', false); end",
    'begin set seed = 0.5; end',
    "load 'x'",
  ])('is unknown: %s', (code) => {
    expect(codeFacts(code)).toEqual(opaque);
  });

  it.each([
    "begin perform dblink_connect('x'); end",
    'my ($name, $value) = @_; $_SHARED{$name} = $value; return undef;',
    'return join(",", keys %_SHARED);',
    'GD["tenant"] = tenant',
    'return GD.get("tenant")',
    'global GD\nset GD($1) $2',
  ])('may stay in the backend process for good: %s', (code) => {
    expect(codeFacts(code)).toEqual({ ...opaque, leavesProcessState: true });
  });

  it.each([
    'select 1',
    'begin update t set a = 1 where b; return new; end',
    'insert into t values (1) on conflict (a) do update set b = 2',
    'alter table t alter c set not null',
    "begin perform set_config('a.b', '1', true); set local work_mem = 1; set constraints all deferred; end",
    "begin execute format('insert into %I values (1)', t); end",
    "begin q := 'select ' || c; execute q; end",
    'begin perform pg_advisory_xact_lock(1); end',
    '-- set a.b = 1\nselect 1 /* listen c */',
    'create trigger t before insert on u for each row execute function f()',
    "begin raise notice 'temperature is set'; end",
  ])('is nothing: %s', (code) => {
    expect(codeFacts(code)).toBeUndefined();
  });

  it('is found in linear time', () => {
    const long = "set_config('a', ".repeat(2_000) + "'".repeat(2_001) + '/*'.repeat(2_000);
    expect(codeFacts(long)).toBeDefined();
  });
});
