import { expect, it } from '@jest/globals';
import { isHarmless } from './hidden-code.ts';

const facts = new Map([
  ['a_trigger', 'volatile'],
  ['checked', 'immutable'],
  ['mine', 'volatile'],
] as const);
const isHarmlessCode = (code: string, language = 'plpgsql'): boolean =>
  isHarmless({ language, name: 'a_trigger', code }, facts, (text) => text.includes('==='));

it.each([
  'begin new.at := now(); return new; end',
  "begin perform pg_notify('a', 'insert into b'); return null; end",
  'begin -- update\n /* delete */ return new; end',
  "begin raise debug E'it\\'s an insert'; return new; end",
  "begin raise debug $q$ it's an insert $q$; return new; end",
  'begin new."insert" := 1; return new; end',
  'begin return (select count(*) from other where checked(a) and a in (1)); end',
])('changes no table: %s', (code) => expect(isHarmlessCode(code)).toBe(true));

it.each([
  'begin insert into log values (1); return new; end',
  "begin raise debug E'it\\'s'; insert into log values (1); raise debug 'x'; return new; end",
  "begin raise debug $q$it's$q$; insert into log values (1); raise debug 'x'; return new; end",
  'begin raise debug $$ " $$; insert into log values (1); raise debug $$ " $$; return new; end',
  "begin /* /* */ ' */ insert into log values (1); return 'x'; end",
  'begin new.a := mine(1); return new; end',
  'begin new.a := "Mine"(1); return new; end',
  'begin new.a := unknown_one (1); return new; end',
  'begin if new.a === 1 then return null; end if; return new; end',
  '',
])('may change one: %s', (code) => expect(isHarmlessCode(code)).toBe(false));

it('trusts no code in other languages', () => {
  expect(isHarmlessCode('return 1', 'plpython3u')).toBe(false);
  expect(isHarmlessCode("select current_setting('a.b')", 'sql')).toBe(true);
});
