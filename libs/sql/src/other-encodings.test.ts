import { expect, it } from '@jest/globals';
import { hasPrivateUseCharacters, withPrivateUseCharacters } from './other-encodings.ts';

it('keeps ASCII, and maps other bytes to distinct characters', () => {
  expect(withPrivateUseCharacters('set a to 1')).toBe('set a to 1');
  expect(withPrivateUseCharacters('\xe9')).not.toBe(withPrivateUseCharacters('\xe8'));
  expect(withPrivateUseCharacters("'\x95\\'")).toMatch(/^'.\\'$/u);
});

it('recognizes the characters of unknown bytes', () => {
  expect(hasPrivateUseCharacters(withPrivateUseCharacters('Zo\xeb'))).toBe(true);
  expect(hasPrivateUseCharacters('Zoë €')).toBe(false);
});
