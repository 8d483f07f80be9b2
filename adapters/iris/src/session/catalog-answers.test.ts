import { describe, expect, it } from '@jest/globals';
import { readRowDescription, rowDescription } from '@medrex/pg-wire';
import { inFormats } from './catalog-answers.ts';

describe('the description of a portal on the catalog', () => {
  const columns = ['a', ''].map((name) => ({
    name,
    table: 1259,
    attribute: 1,
    type: 26,
    typeSize: 4,
    typeModifier: -1,
    format: 0,
  }));

  it.each([
    [[], [0, 0]],
    [[1], [1, 1]],
    [
      [0, 1],
      [0, 1],
    ],
  ])('says the formats of a Bind, %j', (formats, expected) => {
    const described = inFormats(rowDescription(columns), formats);
    expect(readRowDescription(described, 0, described.length)).toEqual(
      columns.map((column, place) => ({ ...column, format: expected[place] })),
    );
  });
});
