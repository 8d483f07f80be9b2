import { describe, expect, it } from '@jest/globals';
import type { WireFault } from '@medrex/pg-wire';
import { haveShortTimeout, changeFromUnknown, changeOf, settingsKey, settingsOf } from './settings.ts';

const of = (
  parameters: Record<string, string>,
  ignored: readonly string[] = [],
): Record<string, string> | WireFault => {
  const settings = settingsOf(new Map(Object.entries(parameters)), new Set(ignored));
  return 'sqlstate' in settings ? settings : Object.fromEntries(settings);
};
const fault = (message: string): WireFault => ({ sqlstate: '42601', message });
const notTaken = (word: string): WireFault => ({
  ...fault(`invalid command-line argument for server process: ${word}`),
  hint: 'Try "postgres --help" for more information.',
});
const settings = (values: Record<string, string>): Map<string, string> => new Map(Object.entries(values));

describe('settingsOf', () => {
  it('takes settings by their names in lower case', () => {
    const parameters = { user: 'u', database: 'd', DateStyle: 'ISO', '_pq_.x': 'y', replication: 'false' };
    expect(of(parameters)).toEqual({ datestyle: 'ISO' });
  });

  it('takes an application name that is not valid text, as servers do', () => {
    expect(of({ application_name: 'Zo\udceb', options: '-c app.who=Zo\udceb' })).toEqual({
      application_name: 'Zo?',
      'app.who': 'Zo\udceb',
    });
  });

  it.each([
    ['-c datestyle=DMY', 'ISO', 'iso, dmy'],
    ['-e', 'ISO', 'iso, euro'],
    ['-c datestyle=German', 'ISO', 'iso, dmy'],
    ['-c datestyle=SQL,DMY', 'MDY', 'sql, mdy'],
    ['-c datestyle=MDY -c datestyle=German', 'ISO', 'iso, dmy'],
    ['-c datestyle=MDY', 'Postgres, US', 'postgres, us'],
    ['-c datestyle=DMY', 'nonsense', 'nonsense'],
  ])('splits DateStyle into its two parts: %j and %j', (options, DateStyle, expected) => {
    expect(of({ DateStyle, options })).toEqual({ datestyle: expected });
  });

  it('leaves out ignored settings, but not those that PgBouncer tracks for every session', () => {
    const parameters = {
      Pooled: 'true',
      search_path: 'a',
      TimeZone: 'UTC',
      options: '-c pooled=1 -c work_mem=2MB -c intervalstyle=iso_8601',
    };
    const followed = { timezone: 'UTC', intervalstyle: 'iso_8601' };
    expect(of(parameters, ['pooled', 'timezone'])).toEqual({ ...followed, search_path: 'a', work_mem: '2MB' });
    expect(of(parameters, ['options', 'pooled'])).toEqual({ ...followed, search_path: 'a' });
    expect(of(parameters, ['options', 'search_path'])).toEqual({ ...followed, pooled: 'true' });
  });

  it.each([
    ['-c a=1 -c b=2', { a: '1', b: '2' }],
    ['-ca=1 --b-c=2', { a: '1', b_c: '2' }],
    [String.raw`-c search_path=a,\ b\\c`, { search_path: String.raw`a, b\c` }],
    ['-c x.y=', { 'x.y': '' }],
    ['-c a;b=1 -c =2 --"c=', { 'a;b': '1', '': '2', '"c': '' }],
    [
      '-S 5000 -e -fs -t pl',
      { work_mem: '5000', datestyle: 'euro', enable_seqscan: 'false', log_planner_stats: 'true' },
    ],
    ['-sec a=1', { log_statement_stats: 'true', datestyle: 'euro', a: '1' }],
    ['-s-a=1 -n -D /x', { log_statement_stats: 'true', a: '1' }],
    ['-d 3', { log_min_messages: 'debug3', log_statement: 'all', debug_print_parse: 'true' }],
    ['-d0 --', { log_min_messages: 'notice' }],
    ['-B 5', { shared_buffers: '5' }],
    ['-c a=1 b=2', notTaken('b=2')],
    ['b=2 -c nothing', fault('-c nothing requires a value')],
    ['-e -- -s', notTaken('-s')],
    ['-c', notTaken('-c')],
    ['-f x', notTaken('x')],
    ['-es -x', notTaken('-x')],
    ['-es -xs', notTaken('-es')],
    ['\\', notTaken('')],
    ['-c nothing', fault('-c nothing requires a value')],
    ['-cnothing', fault('-c nothing requires a value')],
    ['--noth-ing', fault('--noth-ing requires a value')],
  ])('parses options %j', (options, expected) => {
    expect(of({ options })).toEqual(expected);
  });
});

const orEnd = 'SET LOCAL exit_on_error TO on;';

describe('changeOf', () => {
  it('sets what differs, resets what is no longer wanted, and does nothing if nothing differs', () => {
    const from = settings({ a: '1', b: '2', c: '3' });
    const change = `RESET "c";SELECT pg_catalog.set_config(E'b',E'3',false) IS NULL`;
    expect(changeOf(from, settings({ a: '1', b: '3' }), true)).toBe(change);
    expect(changeOf(from, settings({ a: '1', b: '3' }), false)).toBe(orEnd + change);
    expect(changeOf(from, from, false)).toBeUndefined();
  });

  it('leaves no part of a DateStyle if the next one sets only the other part', () => {
    const change = changeOf(settings({ datestyle: 'SQL, DMY' }), settings({ datestyle: 'ISO' }), true);
    expect(change).toBe(`RESET "datestyle";SELECT pg_catalog.set_config(E'datestyle',E'ISO',false) IS NULL`);
  });

  it('never lets a value out of its literal', () => {
    const change = changeOf(new Map(), settings({ 'a"b.c': String.raw`x'; drop table t; \'--` }), true);
    expect(change).toBe(String.raw`SELECT pg_catalog.set_config(E'a"b.c',E'x''; drop table t; \\''--',false) IS NULL`);
  });

  it('resets everything if the current settings are unknown', () => {
    const [from, all] = [settings({ role: 'r', work_mem: '1MB' }), 'RESET ALL;RESET "role"'];
    const change = `SELECT pg_catalog.set_config(E'search_path',E'a, b',false) IS NULL`;
    expect(changeFromUnknown(from, settings({ search_path: 'a, b' }), true)).toBe(`${all};${change}`);
    const ends = `RESET ALL;${orEnd}RESET "role"`;
    expect(changeFromUnknown(from, settings({ search_path: 'a, b' }), false)).toBe(`${ends};${change}`);
    expect(changeFromUnknown(from, settings({}), false)).toBe(ends);
    expect(changeFromUnknown(settings({}), settings({}), false)).toBe('RESET ALL');
  });
});

it.each([
  [{}, false],
  [{ statement_timeout: '0' }, false],
  [{ statement_timeout: '30s' }, false],
  [{ statement_timeout: '500' }, false],
  [{ statement_timeout: '20ms' }, true],
  [{ statement_timeout: ' 1 ms' }, true],
  [{ statement_timeout: '0.02s' }, true],
  [{ statement_timeout: '900us' }, true],
])('recognises a timeout that could end the reset itself: %j', (parts, expected) => {
  expect(haveShortTimeout(settings(parts))).toBe(expected);
});

it('has the same key for the same settings in any order', () => {
  expect(settingsKey(settings({ a: '1', b: '2' }))).toBe(settingsKey(settings({ b: '2', a: '1' })));
});
