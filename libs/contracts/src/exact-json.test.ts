import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { copiedExactly, exactJson, parseExactJson } from './exact-json.ts';

const again = (text: string) => {
  const value = parseExactJson(text);
  return typeof value === 'object' && value !== null ? exactJson(value) : undefined;
};

describe('JSON with exact numbers', () => {
  it.each([
    '{"value":1.50}',
    '{"value":0.0}',
    '{"value":-0.00}',
    '{"value":1.0E+2}',
    '{"value":3.14159265358979323846}',
    '{"value":123456.123456789012}',
    '{"value":12345678901234567890}',
    '{"a":[1,2.0,{"b":[[10.10]]}],"c":1.5}',
    '{"text":"1.50, and a \\"quote\\"","value":100}',
    '{"2":1.10,"1":2.20}',
  ])('%s is written as it was read', (text) => {
    expect(JSON.parse(again(text) ?? '')).toEqual(JSON.parse(text));
    expect(
      again(text)
        ?.match(/[-\d.eE+]+/g)
        ?.sort(),
    ).toEqual(text.match(/[-\d.eE+]+/g)?.sort());
  });

  it('applies to a part and to a copy of a value, too', () => {
    const { entry } = parseExactJson('{"entry":{"value":1.50}}') as { readonly entry: { readonly value: number } };
    expect(entry.value).toBe(1.5);
    expect(exactJson(entry)).toBe('{"value":1.50}');
    expect(exactJson(copiedExactly({ ...entry, id: 'x' }, entry))).toBe('{"value":1.50,"id":"x"}');
  });

  it('reads every text as JSON.parse does', () => {
    const json = fc.json({ maxDepth: 4 }).map((text) => text.replaceAll(/(\d)([,}\]])/g, '$1.0$2'));
    fc.assert(
      fc.property(fc.oneof(json, fc.json()), (text) => {
        const read = (parse: (text: string) => unknown) => {
          try {
            return parse(text);
          } catch {
            return 'no JSON';
          }
        };
        expect(read(parseExactJson)).toEqual(read((one) => JSON.parse(one) as unknown));
      }),
    );
  });

  it('reads JSON of unlimited nesting', () => {
    const text = `${'['.repeat(100_000)}1.0${']'.repeat(100_000)}`;
    expect(Array.isArray(parseExactJson(text))).toBe(true);
  });

  it('is fast for numbers of many digits', () => {
    const text = JSON.stringify({ text: '1'.repeat(1_000_000) });
    expect(again(text)).toBe(text);
  });
});
