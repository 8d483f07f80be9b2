import type { DeclaredKey, StateKey } from '@medrex/keys';

/** The union of declared and discovered keys. A key in both was touched in more ways than declared. */
export function unionOfKeys(declared: readonly DeclaredKey[], found: readonly DeclaredKey[]): readonly DeclaredKey[] {
  const union = new Map<StateKey, DeclaredKey>(declared.map((one) => [one.key, one]));
  for (const { key, mode } of found) {
    const known = union.get(key)?.mode ?? mode;
    union.set(key, { key, mode: known === mode ? mode : 'readWrite' });
  }
  return [...union.values()];
}
