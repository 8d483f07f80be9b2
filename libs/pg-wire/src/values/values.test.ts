import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { binaryOfText, byteaOfText, itemsOfBinaryArray, textOfBinary } from './binary-values.ts';
import type { WireType } from './type-oids.ts';

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(' ', ''), 'hex');

describe('values in binary format', () => {
  it.each<[WireType, string, string]>([
    ['bool', 't', '01'],
    ['int2', '-2', 'fffe'],
    ['int4', '2147483647', '7fffffff'],
    ['int8', '-9223372036854775808', '8000000000000000'],
    ['oid', '4294967295', 'ffffffff'],
    ['float8', '0.1', '3fb999999999999a'],
    ['numeric', '12345.678', '0003 0001 0000 0003 0001 0929 1a7c'],
    ['numeric', '-0.0001', '0001 ffff 4000 0004 0001'],
    ['numeric', '0.00', '0000 0000 0000 0002'],
    ['numeric', 'NaN', '0000 0000 c000 0000'],
    ['date', '2000-01-02', '00000001'],
    ['date', '1850-06-15', 'ffff2aa3'],
    ['time', '00:00:01.5', '000000000016e360'],
    ['timestamp', '1999-12-31 23:59:59.25', 'fffffffffff48e50'],
    ['timestamptz', '2000-01-01 00:00:00+00', '0000000000000000'],
    ['interval', '00:00:00', '0000000000000000 00000000 00000000'],
    ['interval', '1 day 02:00:00.5', '00000001ad2ee920 00000001 00000000'],
    ['interval', '1 year 2 mons -3 days +04:00:00', '000000035a4e9000 fffffffd 0000000e'],
    ['interval', '-1 mons -00:00:01', 'fffffffffff0bdc0 00000000 ffffffff'],
    ['uuid', 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', 'a0eebc999c0b4ef8bb6d6bb9bd380a11'],
    ['jsonb', '{}', '017b7d'],
    ['bytea', '\\x00ff', '00ff'],
    ['text', 'é', 'c3a9'],
  ])('%s %s', (type, text, hex) => {
    expect(binaryOfText(type, text)).toEqual(bytes(hex));
    expect(textOfBinary(type, bytes(hex))).toBe(text);
  });

  it('applies the time zone in a text', () => {
    expect(binaryOfText('timestamptz', '2000-01-01 02:00:00+02')).toEqual(bytes('0000000000000000'));
    expect(binaryOfText('timestamptz', '1999-12-31T19:30:00-04:30')).toEqual(bytes('0000000000000000'));
  });

  it('reads back every number that it writes', () => {
    const number = fc.tuple(fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }), fc.integer({ min: 0, max: 20 }));
    fc.assert(
      fc.property(number, ([digits, scale]) => {
        const magnitude = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
        const whole = magnitude.slice(0, magnitude.length - scale);
        const sign = digits < 0n ? '-' : '';
        const text = scale === 0 ? sign + whole : `${sign}${whole}.${magnitude.slice(-scale)}`;
        expect(textOfBinary('numeric', binaryOfText('numeric', text) ?? Buffer.alloc(0))).toBe(text);
      }),
    );
    expect(textOfBinary('numeric', binaryOfText('numeric', '1.5e3') ?? Buffer.alloc(0))).toBe('1500');
  });

  it('reads back every timestamp that it writes', () => {
    const moment = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(moment, (date) => {
        const text = date
          .toISOString()
          .replace('T', ' ')
          .replace(/\.?0*Z$/, '');
        expect(textOfBinary('timestamp', binaryOfText('timestamp', text) ?? Buffer.alloc(0))).toBe(text);
      }),
    );
  });

  it.each<[WireType, string]>([
    ['int4', '2147483648'],
    ['int2', '1.5'],
    ['int8', ''],
    ['numeric', 'one'],
    ['float8', ''],
    ['bool', 'perhaps'],
    ['date', 'yesterday'],
    ['uuid', 'a0eebc99'],
  ])('%s is not "%s"', (type, text) => {
    expect(binaryOfText(type, text)).toBeUndefined();
  });

  it.each<[WireType, string]>([
    ['int4', '00'],
    ['bool', ''],
    ['numeric', '0001 0000 0000 0000'],
    ['timestamp', '00'],
    ['jsonb', '027b7d'],
  ])('bytes that are no %s are none', (type, hex) => {
    expect(textOfBinary(type, bytes(hex))).toBeUndefined();
  });

  it('reads one-dimensional arrays, and rejects bytes that only look like one', () => {
    const array = bytes('00000001 00000001 00000017 00000003 00000001 00000004 00000007 ffffffff 00000004 fffffffe');
    expect(itemsOfBinaryArray(array)).toEqual(['7', null, '-2']);
    expect(itemsOfBinaryArray(bytes('00000000 00000000 00000017'))).toEqual([]);
    expect(itemsOfBinaryArray(array.subarray(0, 30))).toBeUndefined();
    expect(itemsOfBinaryArray(bytes('00000001 00000000 00000017 7fffffff 00000001'))).toBeUndefined();
  });

  it('reads both text formats of bytea', () => {
    expect(byteaOfText('\\x0aFF')).toEqual(bytes('0aff'));
    expect(byteaOfText('a\\\\\\001')).toEqual(Buffer.from('a\\\u0001', 'latin1'));
    expect(byteaOfText('\\xzz')).toBeUndefined();
  });
});
