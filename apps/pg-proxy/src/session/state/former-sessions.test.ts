import { describe, expect, it } from '@jest/globals';
import { concernsProxy } from './concerns-proxy.ts';
import { showsFormerSessions } from './former-sessions.ts';

describe('a statement that may show what former clients have left in a process', () => {
  it.each([
    ['set search_path to pg_temp', true],
    [`SET search_path = 'pg_temp', public`, true],
    ['set search_path to public, pg_temp', false],
    ['/* of mine */ set -- as ever\n search_path to/**/pg_temp', true],
    ['set local search_path to pg_temp', false],
    ['set plpgsql.nobody_knows = 1', true],
    ['set session plperl.anything to on', true],
    ['set plpgsql.extra_warnings = all', false],
    ['set my.plpgsql = 1', false],
    ['SET temp_buffers TO 100', true],
    ['set local temp_buffers = 100', false],
    [`select set_config('temp_buffers', '100', false)`, true],
    ['show temp_buffers', false],
    ['select pg_stat_force_next_flush()', true],
    ['select plpgsql from set', false],
  ])('%s: %s', (text, expected) => {
    expect(showsFormerSessions(text)).toBe(expected);
  });
});

describe('a statement that concerns the proxy in session mode, too', () => {
  it.each([
    ['reset datestyle', true],
    ['begin; RESET ALL', true],
    ['discard all', true],
    ['set work_mem to default', true],
    ['set time zone default', true],
    [`set pgproxy.query_timeout = '5s'`, true],
    [`set work_mem to '5MB'`, false],
    ['alter table t alter a set default 1', false],
    ['insert into t default values', false],
    ['select reset from t', false],
  ])('%s: %s', (text, expected) => {
    expect(concernsProxy(text)).toBe(expected);
  });
});
