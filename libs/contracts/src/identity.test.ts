import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { mintId, operationId, sourceHash } from './identity.ts';

const key = Buffer.alloc(32, 7);
const anyText = fc
  .string({ unit: 'binary', maxLength: 6 })
  .chain((text) => fc.constantFrom(text, `${text}\uD800`, `\uDC00${text}`, `${text}\uFFFD`));

describe('identity', () => {
  it('gives an operation the same id every time, and as in earlier releases', () => {
    const name = { source: 'urn:ehr:a', id: 'm-1', item: 0, attempt: 0 };
    expect(operationId(key, name)).toBe(operationId(key, name));
    expect(operationId(key, name)).toBe('95a3ec20beb37d6b2e939a7829b714ee');
  });

  it('gives different ids for different items, attempts, sources and ids', () => {
    const names = new Set(
      [
        { source: 'a', id: 'b', item: 0, attempt: 0 },
        { source: 'a', id: 'b', item: 1, attempt: 0 },
        { source: 'a', id: 'b', item: 0, attempt: 1 },
        { source: 'ab', id: '', item: 0, attempt: 0 },
        { source: '', id: 'ab', item: 0, attempt: 0 },
      ].map((name) => operationId(key, name)),
    );
    expect(names.size).toBe(5);
  });

  it('mints different ids for different lists of parts, lone surrogates and empty parts included', () => {
    const lists = fc.array(anyText, { maxLength: 3 });
    fc.assert(
      fc.property(lists, lists, (one, other) => {
        expect(mintId(key, ...one) === mintId(key, ...other)).toBe(JSON.stringify(one) === JSON.stringify(other));
      }),
    );
  });

  it('depends on the key and on the domain', () => {
    const text = 'abc';
    const bytes = Buffer.from(text);
    expect(sourceHash(key, bytes)).not.toBe(sourceHash(Buffer.alloc(32, 8), bytes));
    expect(sourceHash(key, bytes)).not.toBe(mintId(key, text));
    expect(sourceHash(key, bytes)).toMatch(/^[0-9a-f]{32}$/);
  });
});
