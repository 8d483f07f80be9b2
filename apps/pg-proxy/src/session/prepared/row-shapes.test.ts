import { describe, expect, it } from '@jest/globals';
import { noData, parameterDescription, rowDescription } from '@medrex/pg-wire';
import { Description } from './row-shapes.ts';
import type { StatementDescription } from './statements.ts';

const column = { name: 'a', table: 1, attribute: 1, type: 23, typeSize: 4, typeModifier: -1, format: 0 };

/** Heard in pieces of so many bytes. */
function toldBy(parameters: readonly number[], rows: Buffer, bytes = 1000): StatementDescription {
  const all: StatementDescription[] = [];
  const heard = new Description((told) => all.push(told));
  for (const message of [parameterDescription(parameters), rows])
    for (let at = 0; at < message.length; at += bytes)
      heard.described(message, at, Math.min(message.length, at + bytes), at + bytes >= message.length);
  expect(all).toHaveLength(1);
  return all[0]!;
}

const shapeOf = (rows: Buffer, bytes?: number): string => toldBy([], rows, bytes).shape;

describe('the shape of rows', () => {
  const shape = shapeOf(rowDescription([column]));

  it('is the same however it is split, and wherever the columns come from', () => {
    expect(shapeOf(rowDescription([column]), 3)).toBe(shape);
    expect(shapeOf(rowDescription([{ ...column, table: 2, attribute: 3, format: 1 }]))).toBe(shape);
  });

  it.each([
    rowDescription([{ ...column, name: 'b' }]),
    rowDescription([{ ...column, type: 25 }]),
    rowDescription([{ ...column, typeModifier: 14 }]),
    rowDescription([column, column]),
    rowDescription([]),
    noData(),
  ])('differs with other columns (%#)', (message) => {
    expect(shapeOf(message)).not.toBe(shape);
  });
});

describe('the description of parameters', () => {
  it('is their types, however it is split', () => {
    expect(toldBy([23, 1700], noData()).parameterTypes).toEqual([23, 1700]);
    expect(toldBy([23, 1700], noData(), 3)).toEqual(toldBy([23, 1700], noData()));
  });

  it('differs with other types, with rows and without', () => {
    for (const rows of [noData(), rowDescription([column])])
      expect(toldBy([23], rows).shape).not.toBe(toldBy([700], rows).shape);
  });
});
