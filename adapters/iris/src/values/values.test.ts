import { describe, expect, it } from '@jest/globals';
import { itemsOfBinaryArray, type WireType } from '@medrex/pg-wire';
import type { JsonStep, ProxyComputation, NumericScale, ParameterUse } from '@medrex/sql';
import fc from 'fast-check';
import { SessionFault } from '../session/session-fault.ts';
import { sqlValueOf } from './parameter-values.ts';
import { textRule } from './result-text.ts';
import { RowWriter } from './row-writer.ts';

const bound = (type: WireType, text: string): unknown => {
  try {
    const value = sqlValueOf({ bytes: Buffer.from(text), isBinary: false, type }, 'value');
    return value !== null && 'text' in value ? `${value.as} ${value.text}` : value;
  } catch (error) {
    if (error instanceof SessionFault) return error.report.sqlstate;
    throw error;
  }
};

describe('parameters', () => {
  it.each<[WireType, string, string]>([
    ['date', '2024-02-29', 'date 2024-02-29'],
    ['date', '2024-02-29 +01', 'date 2024-02-29'],
    ['date', '2024-02-29 10:00:00', 'date 2024-02-29'],
    ['date', '2023-02-29', '22008'],
    ['date', '0000-01-01', '22008'],
    ['date', '29.2.2024', '22007'],
    ['time', '10:20', 'time 10:20:00'],
    ['time', '10:20:30+02', 'time 10:20:30'],
    ['time', '10:20:30.25', 'text 10:20:30.25'],
    ['time', '25:00:00', '22008'],
    ['time', 'noon', '22007'],
    ['timestamp', '2024-01-02', 'timestamp 2024-01-02 00:00:00'],
    ['timestamp', '2024-01-02T03:04', 'timestamp 2024-01-02 03:04:00'],
    ['timestamp', '2024-01-02 03:04:05.678+01', 'timestamp 2024-01-02 03:04:05.678'],
    ['timestamp', '2024-13-02 03:04:05', '22008'],
    ['timestamp', '2024-01-02 03:04:05 garbage', '22007'],
    ['timestamptz', '2024-01-01 00:30:00.25+01', 'timestamp 2023-12-31 23:30:00.25'],
    ['timestamptz', '2024-01-01 00:30:00-05:30', 'timestamp 2024-01-01 06:00:00'],
    ['timestamptz', '2024-01-01T00:30:00Z', 'timestamp 2024-01-01 00:30:00'],
    ['timestamptz', '2024-01-01', 'timestamp 2024-01-01 00:00:00'],
    ['timestamptz', 'tomorrow', '22007'],
    ['int4', ' 12 ', 'integer 12'],
    ['int4', '1.5', '22P02'],
    ['int4', '-2147483648', 'integer -2147483648'],
    ['int4', '2147483648', '22003'],
    ['int2', '+32768', '22003'],
    ['int8', '99999999999999999999', '22003'],
    ['float8', '1e400', '22003'],
    ['uuid', '{11111111-2222-3333-4444-55555555555A}', 'text {11111111-2222-3333-4444-55555555555A}'],
    ['uuid', '1111', '22P02'],
    ['numeric', '12345678901234567890.0123456789', 'decimal 12345678901234567890.0123456789'],
  ])('of type %s: %s', (type, text, expected) => expect(bound(type, text)).toBe(expected));
});

describe('intervals as parameters', () => {
  const parts = (text: string): unknown =>
    (['months', 'time'] as const).map((use) =>
      sqlValueOf({ bytes: Buffer.from(text), isBinary: false, type: 'interval' }, use),
    );

  it('are bound as months, and as microseconds for the rest', () => {
    expect(parts('1 year 2 days 00:00:01')).toEqual([
      { as: 'integer', text: '12' },
      { as: 'integer', text: '172801000000' },
    ]);
  });

  it('are accepted in binary format too', () => {
    const bytes = Buffer.from('00000000000f4240000000020000000c', 'hex');
    expect(sqlValueOf({ bytes, isBinary: true, type: 'interval' }, 'time')).toEqual({
      as: 'integer',
      text: '172801000000',
    });
  });

  it('are refused if they are invalid', () => {
    expect(() => parts('a while')).toThrow(SessionFault);
  });
});

describe('text whose order counts', () => {
  const behindBlank = (text: string | null): unknown =>
    sqlValueOf({ bytes: text === null ? null : Buffer.from(text), isBinary: false, type: 'text' }, 'behindBlank');

  it('is prefixed by a space, so that IRIS does not take it for a number; NULL stays NULL', () => {
    expect([behindBlank('10'), behindBlank(''), behindBlank(null)]).toEqual([
      { as: 'text', text: ' 10' },
      { as: 'text', text: ' ' },
      null,
    ]);
  });
});

describe('items of an array', () => {
  const items = (use: ParameterUse, text: string): unknown => {
    try {
      return sqlValueOf({ bytes: Buffer.from(text), isBinary: false, type: undefined }, use);
    } catch (error) {
      return error instanceof SessionFault ? error.report.sqlstate : error;
    }
  };

  it.each<[ParameterUse, string, readonly string[] | string]>([
    ['numbers', '{1,-2,+3,007,0,-0}', ['1', '-2', '3', '7', '0', '0']],
    ['numbers', '{1.50,0.5,-0.50,.25,10.,0.00}', ['1.5', '.5', '-.5', '.25', '10', '0']],
    ['numbers', '{1e3,1.5E2,25e-1,-5e-3}', ['1000', '150', '2.5', '-.005']],
    ['numbers', '{t,f}', ['1', '0']],
    ['numbers', '{1,x}', '22P02'],
    ['numbers', '{NaN}', '22P02'],
    ['days', '{1840-12-31,1970-01-01,2000-01-01}', ['0', '47117', '58074']],
    ['days', '{2023-02-29}', '22008'],
    ['list', '{1.50,"a b"}', ['1.50', 'a b']],
  ])('for %s: %s', (use, text, expected) =>
    expect(items(use, text)).toEqual(typeof expected === 'string' ? expected : { as: 'list', items: expected }),
  );
});

describe('results computed by the proxy', () => {
  const rowOf = (computation: ProxyComputation, type: WireType, text: string, format: number): Buffer => {
    const pgType = type === 'text' ? 'text' : 'int4';
    const column = {
      label: 'c',
      type,
      pgType,
      holdsSchema: false,
      modifier: -1,
      scale: undefined,
      computation,
    } as const;
    return new RowWriter([column], [format], String).write([[Buffer.from(text)]], 0, 1);
  };
  const textOf = (computation: ProxyComputation, type: WireType, text: string): string =>
    rowOf(computation, type, text, 0).toString('utf8', 11);

  it('of values is an array, in both formats', () => {
    const array = { kind: 'values', as: 'array', of: 'int4' } as const;
    expect(textOf(array, 'int4', '2:+7\u001e1:-\u001e3:+-2')).toBe('{NULL,7,-2}');
    const items = itemsOfBinaryArray(rowOf(array, 'int4', '2:+7\u001e1:-\u001e3:+-2', 1).subarray(11));
    expect(items).toEqual([null, '7', '-2']);
    expect(itemsOfBinaryArray(rowOf(array, 'int4', '0:', 1).subarray(11))).toEqual([]);
    const texts = { kind: 'values', as: 'array', of: 'text' } as const;
    expect(textOf(texts, 'text', '1:+a b\u001e2:+\u001e3:+null\u001e4:+q"\\{,')).toBe('{"a b","","null","q\\"\\\\{,"}');
  });

  it('of values is a text, or the one that is there most often', () => {
    const text = { kind: 'values', as: 'text', of: 'numeric', scale: 2, separator: '; ' } as const;
    expect(textOf(text, 'text', '2:+.5\u001e1:-\u001e3:+2')).toBe('0.50; 2.00');
    expect(textOf({ ...text, ofNull: '?' }, 'text', '2:+.5\u001e1:-')).toBe('?; 0.50');
    expect(
      textOf({ kind: 'values', as: 'mode', of: 'text' }, 'text', '2:+b\u001e1:+a\u001e3:+c\u001e2:+b\u001e3:+c'),
    ).toBe('b');
  });

  it('of JSON is what a path leads to, as it is written or as a jsonb', () => {
    const text = '{"x": [ {"k" : 1.50}, null, "s\\u00e9", [[]], {} ], "a":1, "a" : 2, "1": "one"}';
    const at = (of: 'json' | 'jsonb', ...steps: readonly JsonStep[]): string =>
      textOf({ kind: 'jsonPath', of, steps }, 'text', text);
    expect(at('json', { key: 'x' })).toBe('[ {"k" : 1.50}, null, "s\\u00e9", [[]], {} ]');
    expect(at('jsonb', { key: 'x' })).toBe('[{"k": 1.50}, null, "sé", [[]], {}]');
    expect(at('json', { key: 'a' })).toBe('2');
    expect(at('jsonb', { key: 'x' }, { index: 0 }, { key: 'k' })).toBe('1.50');
    expect(at('jsonb', { key: 'x' }, { index: -2 })).toBe('[[]]');
    expect(at('jsonb', { key: 'x' }, { index: 1 })).toBe('null');
    expect(at('jsonb', { key: '1', index: 1 })).toBe('"one"');
    for (const step of [{ key: 'no' }, { index: 0 }]) expect(at('json', step)).toBe('');
    for (const step of [{ key: 'k' }, { index: 9 }]) expect(at('json', { key: 'x' }, step)).toBe('');
    const none = rowOf({ kind: 'jsonPath', of: 'jsonb', steps: [{ key: 'no' }] }, 'jsonb', '{}', 1);
    expect(none.subarray(-4)).toEqual(Buffer.from([255, 255, 255, 255]));
    expect(() => textOf({ kind: 'jsonPath', of: 'json', steps: [] }, 'text', '{a')).toThrow('invalid input syntax');
  });

  it('of a text is what a function gives', () => {
    expect(textOf({ kind: 'called', name: 'md5' }, 'text', 'abc')).toBe('900150983cd24fb0d6963f7d28e17f72');
    expect(textOf({ kind: 'called', name: 'octet_length' }, 'int4', 'Zoë ß')).toBe('7');
    expect(textOf({ kind: 'called', name: 'bit_length' }, 'int4', '')).toBe('0');
    expect(textOf({ kind: 'called', name: 'initcap' }, 'text', "hELLO wORLD-foo o'neil 3rD Éa")).toBe(
      "Hello World-Foo O'Neil 3rd Éa",
    );
  });

  it('of sums of intervals is an interval, where days that are left over become time', () => {
    const ofSpans = (text: string, isAverage: boolean): string =>
      textOf({ kind: 'summedSpans', isAverage }, 'interval', text);
    expect(ofSpans('9|788400500000|4', false)).toBe('9 days 03:00:00.5');
    expect(ofSpans('9|788400500000|4', true)).toBe('2 days 06:45:00.125');
    expect(ofSpans('-2|-183600000001|3', true)).toBe('-17:00:00');
    expect(ofSpans('0|97200000000|2', false)).toBe('27:00:00');
    expect(() => ofSpans('1|99999999999999999999|1', false)).toThrow('interval out of range');
  });

  it('of an object is one, as json and as jsonb', () => {
    const object = { kind: 'joined', separator: ', ', json: 'json', isObject: true } as const;
    expect(textOf(object, 'json', '2:"b" : 1.50\u001e1:"aa" : "x"')).toBe('{ "aa" : "x", "b" : 1.50 }');
    const jsonb = { ...object, json: 'jsonb' } as const;
    expect(textOf(jsonb, 'jsonb', '2:"b" : 1.50\u001e1:"aa" : "x"\u001e3:"b" : [{},[]]')).toBe(
      '{"b": [{}, []], "aa": "x"}',
    );
  });
});

describe('whole numbers', () => {
  const rowOf = (type: WireType, text: string, format: number): Buffer => {
    const column = { label: 'c', type, pgType: undefined, holdsSchema: false, modifier: -1, scale: undefined } as const;
    return new RowWriter([column], [format], String).write([[Buffer.from(text)]], 0, 1);
  };

  it.each<[WireType, string, string | undefined]>([
    ['int2', '-32768', undefined],
    ['int2', '32768', 'smallint out of range'],
    ['int4', '2147483647', undefined],
    ['int4', '2147483648', 'integer out of range'],
    ['int4', '-2147483649', 'integer out of range'],
    ['int8', '9223372036854775807', undefined],
    ['int8', '-9223372036854775809', 'bigint out of range'],
  ])('as %s are %s', (type, text, message) => {
    for (const format of [0, 1]) {
      const row = (): Buffer => rowOf(type, text, format);
      if (message !== undefined) expect(row).toThrow(expect.objectContaining({ message }));
      else if (format === 0) expect(row().toString('utf8', 11)).toBe(text);
      else expect(row().length).toBeGreaterThan(11);
    }
  });
});

describe('results', () => {
  it.each<[WireType, string, string]>([
    ['float8', '1.0', '1'],
    ['float8', '1.0E10', '10000000000'],
    ['float8', '1.0E15', '1e+15'],
    ['float8', '-.00001', '-1e-05'],
    ['float8', '0.1', '0.1'],
    ['float8', 'Infinity', 'Infinity'],
    ['float4', '1000000', '1e+06'],
    ['numeric', '-.50', '-0.5'],
    ['numeric', '2.5000000000000000000', '2.5'],
    ['numeric', '10', '10'],
    ['numeric', '0.000', '0'],
    ['timestamptz', '2024-01-02 03:04:05.500', '2024-01-02 03:04:05.5+00'],
    ['jsonb', '{"bb":1.50, "a" : [ "x,y",null,{"é":true}],"a":"\\u0041\\n"}', '{"a": "A\\n", "bb": 1.50}'],
    ['jsonb', 'no JSON', 'no JSON'],
    ['interval', '93784500000', '1 day 02:03:04.5'],
    ['interval', '-172800000000', '-2 days'],
    ['interval', '-86400000001.00', '-1 days -00:00:00.000001'],
    ['interval', '3.6E9', '01:00:00'],
    ['interval', '0', '00:00:00'],
  ])('of type %s: %s', (type, text, expected) => expect(textRule(type, undefined)?.(text)).toBe(expected));

  it.each<[string, NumericScale, string]>([
    ['2.5', 2, '2.50'],
    ['.5', 2, '0.50'],
    ['-3', 1, '-3.0'],
    ['2.500', 2, '2.50'],
    ['2.505', 2, '2.505'],
    ['12345678901234567890.1', 3, '12345678901234567890.100'],
    ['1E+3', 2, '1E+3'],
    ['100', 0, '100'],
    ['7', { least: 0 }, '7.0000000000000000'],
    ['-.5', { least: 2 }, '-0.50000000000000000000'],
    ['0', { least: 2 }, '0.00000000000000000000'],
    ['5.6666666666666666667', { least: 2 }, '5.6666666666666667'],
    ['-.00066666666666666666667', { least: 0 }, '-0.00066666666666666667'],
    ['12345.675', { least: 2 }, '12345.675000000000'],
    ['2', { of: 'log10', argument: 2 }, '2.0000000000000000'],
    ['7.90569415042094833', { of: 'sqrt', argument: 2 }, '7.905694150420948'],
    ['4.135166556742356', { of: 'ln', argument: 2 }, '4.135166556742356'],
    ['1', { least: 0 }, '1.00000000000000000000'],
    ['1.25', { least: 0 }, '1.2500000000000000'],
    ['99999999999999999.5', { least: 2 }, '99999999999999999.50'],
    ['1.9999999999999999996', { least: 0 }, '2.0000000000000000'],
    ['6.5', { least: 0, isRoot: true }, '6.5000000000000000'],
    ['101', { least: 0, isRoot: true }, '101.000000000000'],
    ['0', { least: 0, isRoot: true }, '0'],
    ['0', { least: 4, isSpread: true }, '0'],
    ['2.25', { least: 4, isSpread: true }, '2.2500000000000000'],
    ['33.333333333333333', { least: 0, times: { factor: 100, digits: 0 } }, '33.33333333333333300000'],
    ['62.5', { others: 2, constants: new Map([['0', 0]]) }, '62.50'],
    ['-.125', { others: 2, constants: new Map([['0', 0]]) }, '-0.125'],
    ['.00', { others: 2, constants: new Map([['0', 0]]) }, '0'],
    ['2.500', { others: 4, constants: new Map([['2.5', 1]]) }, '2.5'],
  ])('of a numeric %s with %j digits behind the point', (text, scale, expected) =>
    expect(textRule('numeric', undefined, scale)?.(text)).toBe(expected),
  );

  it('of type float8 keep their value', () => {
    fc.assert(
      fc.property(
        fc.double().filter((value) => !Object.is(value, -0)),
        (value) => {
          expect(Number(textRule('float8', undefined)?.(String(value)))).toBe(value);
        },
      ),
    );
  });
});
