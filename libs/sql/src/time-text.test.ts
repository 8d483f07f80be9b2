import { describe, expect, it } from '@jest/globals';
import { millisecondsOf, timeText } from './time-text.ts';

describe('the text of a duration', () => {
  it.each([
    ['250', 250, '250ms'],
    [' 5 s ', 5_000, '5s'],
    ['1.5s', 1_500, '1500ms'],
    ['90min', 5_400_000, '90min'],
    ['24h', 86_400_000, '1d'],
    ['600us', 1, '1ms'],
    ['0', 0, '0'],
    ['-1', -1, '-1ms'],
  ])('%j is %d ms, shown as %s', (text, milliseconds, shown) => {
    expect(millisecondsOf(text)).toBe(milliseconds);
    expect(timeText(milliseconds)).toBe(shown);
  });

  it.each(['', 'soon', '5 S', '1 hour', '1e'])('%j is not a duration', (text) => {
    expect(millisecondsOf(text)).toBeUndefined();
  });
});
