import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createHmac } from 'node:crypto';
import { KeyedHash } from './keyed-hash.ts';

describe('KeyedHash', () => {
  it('is HMAC-SHA-256, for every key and message', () => {
    const bytes = fc.uint8Array({ maxLength: 200 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.array(bytes, { maxLength: 4 }), (key, parts) => {
        const oracle = createHmac('sha256', key).update(Buffer.concat(parts)).digest();
        const keyed = new KeyedHash(key);
        expect(keyed.digest(...parts)).toEqual(oracle);
        expect(keyed.digest(...parts)).toEqual(oracle); // no state is left from the first call
        expect(keyed.hex(...parts)).toBe(oracle.toString('hex'));
      }),
    );
  });

  it('agrees with test case 2 of RFC 4231', () => {
    const digest = new KeyedHash(Buffer.from('Jefe')).digest(Buffer.from('what do ya want for nothing?'));
    expect(digest.toString('hex')).toBe('5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843');
  });

  it('refuses a key longer than a block', () => {
    expect(() => new KeyedHash(new Uint8Array(65))).toThrow(RangeError);
  });
});
