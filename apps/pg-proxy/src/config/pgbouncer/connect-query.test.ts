import { describe, expect, it } from '@jest/globals';
import { readConnectQuery } from './connect-query.ts';

describe('connect_query', () => {
  it.each([
    ['', {}],
    ['set enable_seqscan=off; SET Enable_NestLoop TO off;', { enable_seqscan: 'off', enable_nestloop: 'off' }],
    [
      "SET SESSION search_path = app, public; set app.who = 'o''clock; x'",
      {
        search_path: 'app, public',
        'app.who': "o'clock; x",
      },
    ],
    ["set role reader; set time zone 'Europe/Berlin'", { role: 'reader', timezone: 'Europe/Berlin' }],
    ['set "work_mem" = \'64MB\'', { work_mem: '64MB' }],
    ['SELECT 1', {}],
    ["select 'up'; set work_mem = 64; select null;", { work_mem: '64' }],
  ])('%s becomes start-up settings', (text, settings) => {
    expect(readConnectQuery(text)).toEqual(settings);
  });

  it.each([
    ['select f()'],
    ['set x = 1; select 1 from t'],
    ['select 1, f()'],
    ['set local x = 1'],
    ['set x = default'],
    ["set names 'utf8'"],
    ["set names = 'utf8'"],
    ['set session authorization a'],
    ['set x = (select 1)'],
    ['set x = 1 -- why'],
    ["set x = 'open"],
  ])('%s does something else, too', (text) => {
    expect(readConnectQuery(text)).toBeUndefined();
  });
});
