import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { packArguments, unpackArguments } from './transient-arguments.ts';

const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => Buffer.from(array));

describe('arguments in one field', () => {
  it('come back as they were', () => {
    fc.assert(fc.property(fc.array(bytes), (args) => expect(unpackArguments(packArguments(args))).toEqual(args)));
  });

  it('are refused when they end early or late', () => {
    fc.assert(
      fc.property(fc.array(bytes, { minLength: 1 }), bytes, fc.nat(), (args, more, cut) => {
        const packed = packArguments(args);
        const changed = Buffer.concat([packed.subarray(0, packed.length - 1 - (cut % packed.length)), more]);
        const read = unpackArguments(changed);
        if (read !== undefined) expect(packArguments(read)).toEqual(changed);
      }),
    );
    expect(unpackArguments(Buffer.of(0, 0, 0, 2, 1))).toBeUndefined();
    expect(unpackArguments(Buffer.of(0, 0, 0))).toBeUndefined();
  });
});
