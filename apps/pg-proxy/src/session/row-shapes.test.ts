import { describe, expect, it } from '@jest/globals';
import { noData, rowDescription } from '@medrex/pg-wire';
import { RowShape } from './row-shapes.ts';

const column = { name: 'a', table: 1, attribute: 1, type: 23, typeSize: 4, typeModifier: -1, format: 0 };

/** Heard in pieces of so many bytes. */
function shapeOf(message: Buffer, bytes = message.length): string {
  const shapes: string[] = [];
  const heard = new RowShape((shape) => shapes.push(shape));
  for (let at = 0; at < message.length; at += bytes)
    heard.described(message, at, Math.min(message.length, at + bytes), at + bytes >= message.length);
  expect(shapes).toHaveLength(1);
  return shapes[0]!;
}

describe('how rows look', () => {
  const shape = shapeOf(rowDescription([column]));

  it('is the same however it comes, and wherever the columns are from', () => {
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
  ])('is another with other columns (%#)', (message) => {
    expect(shapeOf(message)).not.toBe(shape);
  });
});
