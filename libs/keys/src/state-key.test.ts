import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { keySpaces, parseStateKey, prefixRange, spaceOf, spacePrefix, stateKey } from './state-key.ts';
import { hostileText } from './testing/index.ts';

const space = fc.constantFrom(...keySpaces);
const input = fc.record({ space, entity: hostileText, parts: fc.array(hostileText, { maxLength: 5 }) });
const build = (key: { space: (typeof keySpaces)[number]; entity: string; parts: readonly string[] }) =>
  stateKey(key.space, key.entity, ...key.parts);

describe('stateKey', () => {
  it('writes space, entity and parts, and escapes separators', () => {
    expect(stateKey('clinical', 'res', 'Observation', 'a.b_c:d-1')).toBe('cli~res~Observation~a.b_c:d-1');
    expect(stateKey('audit', 'e', 'a~b', 'a%7Eb', 'é', '😀', '\ud800', ' ')).toBe(
      'aud~e~a%7Eb~a%257Eb~%C3%A9~%F0%9F%98%80~%ED%A0%80~%20',
    );
  });

  it('is undone by parse for any input', () => {
    fc.assert(fc.property(input, (key) => expect(parseStateKey(build(key))).toEqual(key)));
  });

  it('never gives one key for two inputs', () => {
    fc.assert(
      fc.property(input, input, (one, other) => {
        expect(build(one) === build(other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it('keeps the number of parts, empty ones included', () => {
    const keys = [[], [''], ['', ''], ['~'], ['~', '']].map((parts) => stateKey('system', '', ...parts));
    expect(new Set(keys).size).toBe(5);
  });

  it('makes printable ASCII that no state database refuses', () => {
    fc.assert(fc.property(input, (key) => expect(build(key)).toMatch(/^[a-z]{3}~[!-~]*$/)));
  });
});

describe('parseStateKey', () => {
  it('refuses every text that stateKey does not make', () => {
    const foreign = [
      '',
      'cli',
      'xxx~a',
      'CLI~a',
      'cli~%41',
      'cli~%c3%a9',
      'cli~%C3',
      'cli~a b',
      'cli~é',
      'cli~%ED%A0%BD%ED%B8%80',
      'cli~%C0%80',
      'cli~%F8%88%80%80%80',
      '_x~a',
    ];
    expect(foreign.map(parseStateKey)).toEqual(foreign.map(() => undefined));
  });

  it('returns only input that builds the same text', () => {
    const text = fc.string({ unit: fc.constantFrom('%', '~', 'a', '4', '1', 'C', 'E', 'D', '8', '0', 'F', 'B') });
    fc.assert(
      fc.property(text, (rest) => {
        const parsed = parseStateKey('cli~' + rest);
        if (parsed !== undefined) expect(build(parsed)).toBe('cli~' + rest);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('key spaces', () => {
  it('share no prefix', () => {
    const prefixes = keySpaces.map(spacePrefix);
    const shared = prefixes.filter((one) => prefixes.some((other) => one !== other && other.startsWith(one)));
    expect(shared).toEqual([]);
  });

  it('are recognised from the key alone', () => {
    fc.assert(fc.property(input, (key) => expect(spaceOf(build(key))).toBe(key.space)));
    expect(['', 'cli', 'cl~', 'clinical~a', 'xyz~a'].map(spaceOf)).toEqual(Array(5).fill(undefined));
  });
});

describe('prefixRange', () => {
  it('contains exactly the longer keys with the prefix', () => {
    const some = fc.array(fc.constantFrom('', 'a', '~', 'a~', '\x7f', '%', '\uffff'), { maxLength: 3 });
    fc.assert(
      fc.property(some, some, (prefix, parts) => {
        const range = prefixRange('clinical', 'x', ...prefix);
        const key = stateKey('clinical', 'x', ...parts);
        const isBehind = parts.length > prefix.length && prefix.every((part, index) => parts[index] === part);
        expect(key >= range.start && key < range.end).toBe(isBehind);
      }),
      { numRuns: 1000 },
    );
  });
});
