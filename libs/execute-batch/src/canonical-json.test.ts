import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { canonicalJson } from './canonical-json.ts';
import type { JsonObject, JsonValue } from './contract.ts';
import { parseStateValue, stateValue } from './state-value.ts';

const json = fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.parse(JSON.stringify(value)) as JsonValue);
const body = fc.base64String().map((text) => Buffer.from(text));

describe('canonicalJson', () => {
  it('is parsed to the same value', () => {
    fc.assert(fc.property(json, (value) => expect(JSON.parse(canonicalJson(value))).toEqual(value)));
  });

  it('does not depend on the order in which an object was built', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(fc.string(), json), { selector: ([name]) => name }), (entries) => {
        const backwards = Object.fromEntries<JsonValue>([...entries].reverse());
        expect(canonicalJson(backwards)).toBe(canonicalJson(Object.fromEntries<JsonValue>(entries)));
      }),
    );
  });

  it('sorts by code unit, numbers among the names included', () => {
    expect(canonicalJson({ b: 1, a: [true, null, -0, 1e21], 10: 'x', 9: 'y', é: '\ud800' })).toBe(
      '{"10":"x","9":"y","a":[true,null,0,1e+21],"b":1,"é":"\\ud800"}',
    );
  });

  it('leaves out undefined values at any place', () => {
    expect(canonicalJson({ a: undefined, b: [1, undefined, { c: undefined }], d: { z: undefined, e: 1 } })).toBe(
      '{"b":[1,{}],"d":{"e":1}}',
    );
  });

  it('refuses values without a JSON form', () => {
    for (const value of [Number.NaN, Infinity, undefined, { a: () => 1 }]) {
      expect(() => canonicalJson(value as JsonValue)).toThrow(TypeError);
    }
  });
});

describe('stateValue', () => {
  it('is the canonical JSON of facts and bodies together', () => {
    const facts = fc.dictionary(fc.string(), json, { maxKeys: 4 }) as fc.Arbitrary<JsonObject>;
    fc.assert(
      fc.property(facts, fc.dictionary(fc.string(), body, { maxKeys: 3 }), (some, bodies) => {
        const texts = Object.fromEntries(Object.entries(bodies).map(([name, bytes]) => [name, bytes.toString()]));
        const value = stateValue(some, bodies);
        expect(Buffer.from(value).toString()).toBe(canonicalJson({ ...some, ...texts }));
        expect(parseStateValue(value)).toEqual({ ...some, ...texts });
      }),
    );
  });

  it('rejects a body that would end its string', () => {
    for (const text of ['a"', 'a\\', 'a\n', 'a b', 'é']) {
      expect(() => stateValue({}, { body: Buffer.from(text) })).toThrow(
        expect.objectContaining({ code: 'INVALID_BODY' }),
      );
    }
  });

  it('leaves out an absent body, and parses an absent value to undefined', () => {
    expect(Buffer.from(stateValue({ a: 1 }, { body: undefined })).toString()).toBe('{"a":1}');
    expect(Buffer.from(stateValue({ toString: 1 }, { b: Buffer.from('QQ==') })).toString()).toBe(
      '{"b":"QQ==","toString":1}',
    );
    expect(parseStateValue(undefined)).toBeUndefined();
  });
});
