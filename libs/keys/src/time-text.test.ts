import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decodeTime, encodeTime, isTime } from './time-text.ts';

const two = (value: number): string => String(value).padStart(2, '0');
const digits = fc.string({
  unit: fc.constantFrom('0', '1', '2', '3', '4', '5', '6', '7', '8', '9'),
  minLength: 1,
  maxLength: 12,
});

/** A dateTime with its instant, computed apart from the code under test: BigInt picoseconds since the epoch. */
const timed = fc
  .record({
    ms: fc.integer({ min: Date.parse('0001-01-02T00:00:00Z'), max: Date.parse('9999-12-30T00:00:00Z') }),
    fraction: fc.option(digits, { nil: undefined }),
    offset: fc.integer({ min: -14 * 60, max: 14 * 60 }),
  })
  .map(({ ms, fraction, offset }) => {
    const second = Math.floor(ms / 1000);
    const sign = offset < 0 ? '-' : '+';
    const zone = offset === 0 ? 'Z' : `${sign}${two(Math.floor(Math.abs(offset) / 60))}:${two(Math.abs(offset) % 60)}`;
    const local = new Date((second + offset * 60) * 1000).toISOString().slice(0, 19);
    const picoseconds = BigInt(second) * 10n ** 12n + BigInt((fraction ?? '').padEnd(12, '0'));
    return { text: local + (fraction === undefined ? '' : '.' + fraction) + zone, picoseconds };
  });

describe('encodeTime', () => {
  it.each([
    ['2024', '2024-01-01T00:00:00-'],
    ['2024-02', '2024-02-01T00:00:00-'],
    ['2024-02-29', '2024-02-29T00:00:00-'],
    ['2024-02-29T23:59:59.120-00:30', '2024-03-01T00:29:59.12-'],
    ['2024-01-01T00:00:00+05:30', '2023-12-31T18:30:00-'],
    ['1900-03-01T00:00:00+01:00', '1900-02-28T23:00:00-'],
    ['2016-12-31T18:59:60-05:00', '2016-12-31T23:59:60-'],
    ['0001-01-01T00:00:00+14:00', '0000-12-31T10:00:00-'],
    ['9999-12-31T23:00:00-14:00', 'A000-01-01T13:00:00-'],
  ])('writes %s as %s', (time, text) => {
    expect(encodeTime(time)).toBe(text);
  });

  it('orders texts as instants, whatever follows in the key, and makes equal instants equal', () => {
    fc.assert(
      fc.property(timed, timed, digits, digits, (one, other, tail, otherTail) => {
        const [a, b] = [encodeTime(one.text), encodeTime(other.text)];
        expect(a === b).toBe(one.picoseconds === other.picoseconds);
        if (a !== b) expect(a + '~' + tail < b + '~' + otherTail).toBe(one.picoseconds < other.picoseconds);
      }),
      { numRuns: 1000 },
    );
  });

  it('orders times of the same second by fractions of any length', () => {
    fc.assert(
      fc.property(digits, digits, (one, other) => {
        const [a, b] = [one, other].map((fraction) => encodeTime(`1969-07-20T20:17:40.${fraction}Z`) + '~x');
        const order = Math.sign(Number(one.padEnd(12, '0')) - Number(other.padEnd(12, '0')));
        expect(a! < b! ? -1 : a! > b! ? 1 : 0).toBe(order);
      }),
      { numRuns: 500 },
    );
  });

  it('reaches from the first to the last instant that FHIR can write', () => {
    const inOrder = [
      '0001-01-01T00:00:00+14:00',
      '0001',
      '0099-12-31T23:59:59Z',
      '1582-10-10',
      '1969-12-31T23:59:59.9Z',
      '1970',
      '2016-12-31T23:59:59.999Z',
      '2016-12-31T23:59:60Z',
      '2017-01',
      '9999-12-31T23:59:59Z',
      '9999-12-31T23:59:60.9-14:00',
    ].map(encodeTime);
    expect([...inOrder].sort()).toEqual(inOrder);
  });

  it('refuses anything but a FHIR date or dateTime, without quoting it', () => {
    const wrong = ['', '24', '0000', '2024-13', '2023-02-29', '1900-02-29', '2024-04-31', '2024-01-01T10:00Z', '2024-01-01T10:00:00',
      '2024-01-01T24:00:00Z', '2024-01-01T10:60:00Z', '2024-01-01T10:00:61Z', '2024-01-01T10:00:00.Z', '2024-01-01T10:00:00+14:01',
      '2024-01-01T10:00:00+05:60', '2024-01-01t10:00:00z', ' 2024', '2024\n', '10000', '٢٠٢٤']; // prettier-ignore
    expect(wrong.filter(isTime)).toEqual([]);
    expect(() => encodeTime('Jane Doe')).toThrow(expect.objectContaining({ code: 'INVALID_TIME' }));
    expect(() => encodeTime('Jane Doe')).not.toThrow(/Jane/);
  });
});

describe('decodeTime', () => {
  it('gives a dateTime of the same instant', () => {
    fc.assert(
      fc.property(timed, ({ text }) => {
        const decoded = decodeTime(encodeTime(text));
        expect(decoded === undefined ? undefined : encodeTime(decoded)).toBe(encodeTime(text));
      }),
    );
    expect(decodeTime(encodeTime('9999-12-31T23:59:60.50-14:00'))).toBe('9999-12-31T23:59:60.5-14:00');
    expect(decodeTime(encodeTime('0001-01-01T00:00:00+14:00'))).toBe('0001-01-01T00:00:00+14:00');
  });

  it('refuses what encodeTime does not write', () => {
    const wrong = [
      '2024-01-01T00:00:00',
      '2024-01-01T00:00:00.50-',
      '2023-02-29T00:00:00-',
      '2024-01-01T24:00:00-',
      '0000-12-31T09:59:59-',
      'A000-01-01T14:00:00-',
    ];
    expect(wrong.map(decodeTime)).toEqual(wrong.map(() => undefined));
  });
});
