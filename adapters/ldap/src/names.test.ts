import { describe, expect, it } from '@jest/globals';
import { bindName, escapeFilter } from './names.ts';

describe('bindName', () => {
  it.each([
    ['uid={user},ou=people', 'app', 'uid=app,ou=people'],
    ['uid={user},ou=people', 'a,ou=admins', String.raw`uid=a\,ou\=admins,ou=people`],
    ['uid={user},ou=people', '#a "b"+c<d>;\\ ', String.raw`uid=\#a \"b\"\+c\<d\>\;\\\ ,ou=people`],
    ['uid={user},ou=people', '$&\0', String.raw`uid=$&\00,ou=people`],
    ['{user}@clinic.example', 'jürgen.o-1', 'jürgen.o-1@clinic.example'],
    ['{user}@clinic.example', 'a@evil.example', undefined],
    [String.raw`CLINIC\{user}`, String.raw`x\y`, undefined],
  ])('%s of %s', (template, user, expected) => {
    expect(bindName(template, user)).toBe(expected);
  });
});

describe('escapeFilter', () => {
  it('escapes all characters with a meaning in filters', () => {
    expect(escapeFilter('*)(uid=\\\0')).toBe(String.raw`\2a\29\28uid=\5c\00`);
  });
});
