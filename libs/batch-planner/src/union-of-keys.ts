import type { DeclaredKey, StateKey } from '@medrex/keys';

/** Declared keys and found ones: a key that stands in both was found to be read or written beside what was declared of it. */
export function unionOfKeys(declared: readonly DeclaredKey[], found: readonly DeclaredKey[]): readonly DeclaredKey[] {
  const union = new Map<StateKey, DeclaredKey>(declared.map((one) => [one.key, one]));
  for (const { key, mode } of found) {
    const known = union.get(key)?.mode ?? mode;
    union.set(key, { key, mode: known === mode ? mode : 'readWrite' });
  }
  return [...union.values()];
}
