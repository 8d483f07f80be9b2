import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTime } from '@medrex/keys';
import { primitives } from './primitives.ts';

const isValid = (type: string, value: unknown) => primitives[type]!.isValid(value);

describe('primitive datatypes', () => {
  it.each([
    ['string', 'x', ''],
    ['markdown', 'a\nb\tc', '\u0007'],
    ['string', 'x\u{1f600}', 'x\ud83d'],
    ['string', '\u202e\u05d0', '\u0000'],
    ['uri', 'urn:oid:1.2', 'a b'],
    ['uri', 'urn:\u00e9', 'urn:\udfff'],
    ['code', '\u00e9', '\u0001'],
    ['code', 'in progress', ' x'],
    ['code', 'a-b', 'a  b'],
    ['id', 'A-b.9', 'a_b'],
    ['id', 'x'.repeat(64), 'x'.repeat(65)],
    ['oid', 'urn:oid:2.16.840', '2.16.840'],
    ['uuid', 'urn:uuid:c757873d-ec9a-4326-a141-556f43239520', 'urn:uuid:c757873d'],
    ['base64Binary', 'QUJD', 'Q*JD'],
    ['boolean', false, 'false'],
    ['decimal', -1.5e-7, '1'],
    ['integer', -3, 1.5],
    ['integer', 2147483647, 2147483648],
    ['unsignedInt', 0, -1],
    ['positiveInt', 1, 0],
    ['date', '2024-02-29', '2023-02-29'],
    ['date', '2024-12', '2024-13'],
    ['date', '0001', '0000'],
    ['dateTime', '2024-01-01T00:00:00.123+14:00', '2024-01-01T00:00:00+14:30'],
    ['dateTime', '2024', '2024-01-01T10:00Z'],
    ['instant', '2024-01-01T00:00:00Z', '2024-01-01'],
    ['time', '23:59:59.5', '24:00:00'],
  ])('%s accepts %j and not %j', (type, right, wrong) => {
    expect([isValid(type, right), isValid(type, wrong)]).toEqual([true, false]);
  });

  it.each(Object.keys(primitives))('%s is no object, list or null', (type) => {
    for (const value of [{}, [], null, undefined]) expect(isValid(type, value)).toBe(false);
  });

  it('a dateTime is accepted exactly if it can be part of a key', () => {
    const two = (most: number) => fc.integer({ min: 0, max: most }).map((value) => String(value).padStart(2, '0'));
    const year = fc.integer({ min: 0, max: 9999 }).map((value) => String(value).padStart(4, '0'));
    const zone = fc.oneof(
      fc.constant('Z'),
      fc
        .tuple(fc.constantFrom('+', '-'), two(15), two(61))
        .map(([sign, hours, minutes]) => `${sign}${hours}:${minutes}`),
    );
    const text = fc
      .tuple(year, two(13), two(32), two(24), two(60), two(61), zone)
      .map(([y, mo, d, h, mi, s, z]) => `${y}-${mo}-${d}T${h}:${mi}:${s}${z}`);
    fc.assert(
      fc.property(text, (time) => isValid('dateTime', time) === isTime(time)),
      { numRuns: 2000 },
    );
  });
});
