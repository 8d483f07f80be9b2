import type { StateKey } from './declared-key.ts';
import { type KeySpace, parseStateKey } from './state-key.ts';

/**
 * The letter behind the entity that says which family a key is of. It keeps the families of one entity apart: an append-only record and
 * a shard of the same entity can never meet in one key, and a range read of one family never returns another's keys.
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

/** The parts behind the family letter, when `key` is of that family and has so many of them. */
export function familyParts(
  key: StateKey | string,
  family: KeyFamily,
  count: number,
): { readonly space: KeySpace; readonly entity: string; readonly parts: readonly string[] } | undefined {
  const parsed = parseStateKey(key);
  if (parsed?.parts[0] !== familyLetters[family] || parsed.parts.length !== count + 1) return undefined;
  return { space: parsed.space, entity: parsed.entity, parts: parsed.parts.slice(1) };
}
