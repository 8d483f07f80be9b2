import { describe, expect, it } from '@jest/globals';
import { familyNames, familyOf, keyFamilies } from './key-families.ts';
import * as keys from './index.ts';

describe('keyFamilies', () => {
  it('describes every family once, with an example of it', () => {
    expect(keyFamilies.map(({ name }) => name).sort()).toEqual([...familyNames].sort());
    for (const { name, example } of keyFamilies) expect(familyOf(example)).toBe(name);
  });

  it('refers to builders and ranges that exist', () => {
    const named = keyFamilies.flatMap(({ builder, range }) => [...builder.split(', '), range]);
    expect(named.filter((name) => typeof (keys as Record<string, unknown>)[name] !== 'function')).toEqual([]);
  });
});

describe('familyOf', () => {
  it('has no family for keys that were not built here', () => {
    expect(['', 'clinical~a', 'cli~%zz'].map(familyOf)).toEqual([undefined, undefined, undefined]);
  });
});
