import { stateKey, type AccessMode, type DeclaredKey, type StateKey } from '@medrex/keys';
import fc from 'fast-check';

/** A key from a small set, so that operations conflict. */
export function testKey(name: string | number): StateKey {
  return stateKey('clinical', 'test', String(name));
}

/** `declared('read', 'a')` declares a read of test key a. */
export function declared(mode: AccessMode, name: string | number): DeclaredKey {
  return { key: testKey(name), mode };
}

/** One declared key out of `keys` different ones. */
export function arbitraryKey(keys: number, modes: readonly AccessMode[]): fc.Arbitrary<DeclaredKey> {
  return fc.record({ key: fc.integer({ min: 0, max: keys - 1 }).map(testKey), mode: fc.constantFrom(...modes) });
}

/** The keys of one operation; a key may be declared twice, in two modes. */
export function arbitraryKeys(keys: number, modes: readonly AccessMode[]): fc.Arbitrary<DeclaredKey[]> {
  return fc.array(arbitraryKey(keys, modes), { minLength: 0, maxLength: 4 });
}
