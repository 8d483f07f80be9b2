import type { StateKey } from './declared-key.ts';
import { type KeySpace, parseStateKey } from './state-key.ts';

/**
 * The letter after the entity, which identifies the family of a key. Families of one entity are distinct: an
 * append-only record and a shard never have the same key, and a range read of one family never returns keys of another.
 */
export const familyLetters = {
  timeSeries: 't',
  appendOnly: 'a',
  counterDelta: 'd',
  counterBase: 'b',
  shard: 's',
  slot: 'g',
  ensure: 'e',
} as const;
export type KeyFamily = keyof typeof familyLetters;

/** The parts after the family letter, if `key` is of that family and has this many parts. */
export function familyParts(
  key: StateKey | string,
  family: KeyFamily,
  count: number,
): { readonly space: KeySpace; readonly entity: string; readonly parts: readonly string[] } | undefined {
  const parsed = parseStateKey(key);
  if (parsed?.parts[0] !== familyLetters[family] || parsed.parts.length !== count + 1) return undefined;
  return { space: parsed.space, entity: parsed.entity, parts: parsed.parts.slice(1) };
}
