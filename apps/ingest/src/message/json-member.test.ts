import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { memberBytes } from './json-member.ts';

const bytes = (text: string) => Buffer.from(text);
const found = (json: string, name: string) => {
  const member = memberBytes(bytes(json), name);
  return member === undefined ? undefined : Buffer.from(member).toString('utf8');
};

describe('memberBytes', () => {
  it('finds the bytes of the value of a top-level member at any position', () => {
    const space = fc.constantFrom('', ' ', '\n', '\t ');
    const members = fc.uniqueArray(fc.tuple(fc.string({ unit: 'grapheme' }), fc.jsonValue({ maxDepth: 4 })), {
      selector: ([name]) => name,
      maxLength: 5,
    });
    const written = fc.record({ members, space, name: fc.string(), body: fc.jsonValue({ maxDepth: 4 }), at: fc.nat() });
    fc.assert(
      fc.property(written, ({ members: others, space: gap, name, body, at }) => {
        const wanted: [string, unknown] = [name, body];
        const rest = others.filter(([other]) => other !== name);
        const all = rest.toSpliced(at % (rest.length + 1), 0, wanted as (typeof rest)[number]);
        const text = all
          .map(([key, value]) => `${gap}${JSON.stringify(key)}${gap}:${gap}${JSON.stringify(value)}${gap}`)
          .join(',');
        expect(found(`${gap}{${text}}${gap}`, name)).toBe(JSON.stringify(body));
      }),
    );
  });

  it('returns the last of duplicate members, as JSON.parse does, and ignores nested members', () => {
    expect(found('{"a":1,"b":{"a":2},"a":3}', 'a')).toBe('3');
    expect(found('{"b":{"a":2}}', 'a')).toBeUndefined();
    expect(found('{}', 'a')).toBeUndefined();
  });

  it('is not misled by brackets, commas and quotes inside strings', () => {
    expect(found(String.raw`{"x":"}],\"a\":1,{","a":["]","\\"]}`, 'a')).toBe(String.raw`["]","\\"]`);
  });
});
