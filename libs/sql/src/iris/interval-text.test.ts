import { describe, expect, it } from '@jest/globals';
import { intervalValue, smallestField } from './interval-text.ts';

const counts = (text: string, mask = 0x7fff): string | undefined => {
  const value = intervalValue(text, smallestField(mask));
  return value === undefined ? undefined : [value.months, value.days, value.micros].join();
};

// Expected values are those of PostgreSQL 15.
describe('the text of an interval', () => {
  it.each([
    ['1 day', '0,1,0'],
    ['1 day 02:00:00', '0,1,7200000000'],
    ['-1 day 02:03', '0,-1,7380000000'],
    ['1 month - 1 day', '1,-1,0'],
    ['1 day + 02:00', '0,1,7200000000'],
    ['- 1-2', '-14,0,0'],
    ['1.5 hours', '0,0,5400000000'],
    ['1.5 days', '0,1,43200000000'],
    ['1.75 months', '1,22,43200000000'],
    ['1.5 years', '18,0,0'],
    ['2.25 weeks', '0,15,64800000000'],
    ['@ 3 days 1 hour ago', '0,-3,-3600000000'],
    ['1-2 3 4:05:06', '14,3,14706000000'],
    ['-1-2', '-14,0,0'],
    ['10.5', '0,0,10500000'],
    ['P1Y2M3DT4H5M6.5S', '14,3,14706500000'],
    ['100 ms 7 us', '0,0,100007'],
    ['1 decade 1 mon', '121,0,0'],
    ['1 week -2 days', '0,5,0'],
  ])('%s', (text, expected) => {
    expect(counts(text)).toBe(expected);
  });

  it.each([
    [1 << 2, '36', '432,0,0'],
    [1 << 1, '36', '36,0,0'],
    [1 << 3, '1.5', '0,1,0'],
    [1 << 10, '36', '0,0,129600000000'],
    [1 << 10, '1 day 02:03:04.5', '0,1,7200000000'],
    [(1 << 3) | (1 << 10) | (1 << 11), '1 02:03:04', '0,1,7380000000'],
    [1 << 12, '1.5', '0,0,1500000'],
  ])('of fields %i: %s', (mask, text, expected) => {
    expect(counts(text, mask)).toBe(expected);
  });

  it.each([
    '',
    'soon',
    '1 foo',
    '1 2',
    '25:61:00',
    '1 hour 2 hours',
    '02:00 1.5 days',
    '1day2hours',
    'P',
    'P1',
    '1-13',
    '999999999999 years',
  ])('is invalid: %s', (text) => {
    expect(counts(text)).toBeUndefined();
  });
});
