import type { AccessMode, DeclaredKey, StateKey } from '@medrex/keys';

const letters: Readonly<Record<AccessMode, string>> = {
  read: 'r',
  write: 'w',
  readWrite: 'x',
  ensure: 'e',
  append: 'a',
  delta: 'd',
};
const modes = new Map(Object.entries(letters).map(([mode, letter]) => [letter, mode as AccessMode]));

/** Declared keys in encoded form: one text each, a letter for the mode and the key. */
export function packKeys(keys: readonly DeclaredKey[]): string[] {
  return keys.map(({ key, mode }) => letters[mode] + key);
}

/** The inverse of `packKeys`; undefined if a text is invalid. */
export function unpackKeys(packed: unknown): DeclaredKey[] | undefined {
  if (!Array.isArray(packed)) return undefined;
  const keys: DeclaredKey[] = [];
  for (const text of packed as readonly unknown[]) {
    const mode = typeof text === 'string' ? modes.get(text.charAt(0)) : undefined;
    if (mode === undefined) return undefined;
    keys.push({ key: (text as string).slice(1) as StateKey, mode });
  }
  return keys;
}
