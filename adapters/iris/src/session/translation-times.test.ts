import { expect, it } from '@jest/globals';
import { TranslationTimes } from './translation-times.ts';

it('returns the time of a text once, if it was translated after the client got its backend', () => {
  const times = new TranslationTimes();
  times.add('select 1', 10, 2);
  times.add('select 1', 11, 3);
  expect([times.takeMs('select 1', 10), times.takeMs('select 1', 10)]).toEqual([5, 0]);
  times.add('select 2', 10, 2);
  expect(times.takeMs('select 2', 10.5)).toBe(0);
});

it('finds a text by its bytes', () => {
  const times = new TranslationTimes();
  times.add("select 'é'", 1, 2);
  expect(times.takeMs(Buffer.from("select 'é'").toString('latin1'), 0)).toBe(2);
});

it('drops the oldest times that are not taken', () => {
  const times = new TranslationTimes();
  for (let number = 0; number < 100; number++) times.add(String(number), 1, 1);
  expect([times.takeMs('0', 0), times.takeMs('99', 0)]).toEqual([0, 1]);
});
