import { expect, it } from '@jest/globals';
import { hasUnknownLetters, unknownLetters } from './other-encodings.ts';

it('keeps ASCII, and maps other bytes to distinct characters', () => {
  expect(unknownLetters('set a to 1')).toBe('set a to 1');
  expect(unknownLetters('\xe9')).not.toBe(unknownLetters('\xe8'));
  expect(unknownLetters("'\x95\\'")).toMatch(/^'.\\'$/u);
});

it('recognizes the characters of unknown bytes', () => {
  expect(hasUnknownLetters(unknownLetters('Zo\xeb'))).toBe(true);
  expect(hasUnknownLetters('Zoë €')).toBe(false);
});
