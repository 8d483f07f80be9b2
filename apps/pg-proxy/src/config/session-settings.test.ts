import { describe, expect, it } from '@jest/globals';
import { hintsOf, problemOfSetting, sessionSettingsOf } from './session-settings.ts';

describe('settings of a session', () => {
  it.each([
    ['5s', 5_000],
    ['1500', 1_500],
    ['0.5min', 30_000],
    [' 2 h ', 7_200_000],
    ['0', 0],
  ])('parse %s as PostgreSQL does', (text, expected) => {
    expect(sessionSettingsOf(new Map([['pgproxy.query_timeout', text]]))).toEqual({ queryTimeoutMs: expected });
  });

  it('leave out invalid ones, and those of others', () => {
    const settings = new Map([
      ['pgproxy.wait_timeout', 'long'],
      ['pgproxy.size', '9'],
      ['pgproxy.workload_class', 'admin'],
      ['work_mem', '4MB'],
      ['pgproxy.transaction_idle_timeout', '1min'],
    ]);
    expect(sessionSettingsOf(settings)).toEqual({ transactionIdleTimeoutMs: 60_000 });
  });

  it.each([
    ['pgproxy.query_timout', '5s', 'there is no setting "pgproxy.query_timout"; there are '],
    ['pgproxy.query_timeout', 'soon', 'invalid value for "pgproxy.query_timeout"'],
    ['pgproxy.wait_timeout', '0', 'invalid value'],
    ['pgproxy.workload_class', 'admin', 'invalid value'],
  ])('report what is wrong with %s = %s', (name, value, problem) => {
    expect(problemOfSetting(name, value)).toContain(problem);
  });

  it('are valid, or not checked here', () => {
    expect(problemOfSetting('pgproxy.workload_class', 'analytical')).toBeUndefined();
    expect(problemOfSetting('statement_timeout', 'soon')).toBeUndefined();
  });
});

describe('hints', () => {
  it.each([
    ['/* pgproxy.query_timeout=5s */ select 1', { queryTimeoutMs: 5_000 }],
    [
      "select 1 /* a='b', pgproxy.workload_class='analytical',pgproxy.wait_timeout='1%20s' */ ;",
      { workloadClass: 'analytical', waitTimeoutMs: 1_000 },
    ],
    ["select '/* pgproxy.query_timeout=5s */'", {}],
    ["select '/* pgproxy.query_timeout=5s */' as x, 1", {}],
    ['select /* pgproxy.query_timeout=5s */ 1', {}],
    ['/* pgproxy.query_timeout=soon, pgproxy.mode=session, pgproxy.x=%zz */ select 1', {}],
    ['select 1', {}],
  ])('are read from %s', (text, expected) => {
    expect(hintsOf(text)).toEqual(expected);
  });

  it('are found in time linear in the length of the text', () => {
    const started = process.cpuUsage();
    hintsOf(`${'/*'.repeat(200_000)} pgproxy.`);
    hintsOf(`pgproxy.${'/**/ '.repeat(100_000)}`);
    hintsOf(`/*${'*'.repeat(300_000)} pgproxy.`);
    expect(process.cpuUsage(started).user / 1_000).toBeLessThan(2_000);
  });
});
