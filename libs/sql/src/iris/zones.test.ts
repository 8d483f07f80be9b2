import { describe, expect, it } from '@jest/globals';
import { clockOf, digitsOf, yearTable, zoneYears } from './zones.ts';

function ofYear(year: number, { changes, offsets }: ReturnType<typeof yearTable>): readonly (readonly string[])[] {
  const cut = (digits: number) => (text: string) =>
    text.slice((year - zoneYears.first) * digits, (year - zoneYears.first + 1) * digits);
  return [changes.map(cut(digitsOf.change)), offsets.map(cut(digitsOf.offset))];
}

describe('the offsets of a zone', () => {
  it('have changes in UTC, with offsets before, between and after them', () => {
    const clock = clockOf('Europe/Berlin');
    if (clock === undefined) throw new Error('no clock');
    expect(ofYear(2024, yearTable(clock, false))).toEqual([
      ['03310100', '10270100'],
      ['+060', '+120', '+060'],
    ]);
  });

  it('have changes in local time: skipped times belong to the old offset, repeated ones to the new', () => {
    const clock = clockOf('america/new_york');
    if (clock === undefined) throw new Error('no clock');
    expect(ofYear(2024, yearTable(clock, true))).toEqual([
      ['03100300', '11030100'],
      ['-300', '-240', '-300'],
    ]);
  });

  it('may never change', () => {
    const clock = clockOf('Asia/Kolkata');
    expect(clock === undefined ? undefined : yearTable(clock, false)).toMatchObject({ changes: [] });
    expect(clock?.first).toBe(330);
  });

  it('may change more than twice a year', () => {
    const clock = clockOf('Africa/Cairo');
    if (clock === undefined) throw new Error('no clock');
    expect(ofYear(2014, yearTable(clock, false))[0]).toEqual(['05152200', '06262100', '07312200', '09252100']);
  });

  it.each(['Nowhere/City', 'Berlin', "Europe/Berlin'", 'Africa/Monrovia', 'EST', ''])('are unknown for %p', (zone) => {
    expect(clockOf(zone)).toBeUndefined();
  });
});
