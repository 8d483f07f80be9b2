import type { StateKey } from './declared-key.ts';
import { familyLetters, familyParts } from './family.ts';
import { type KeyRange, type KeySpace, prefixRange, stateKey } from './state-key.ts';

/** Something that must exist once, whichever operation creates it. */
export interface Ensured {
  readonly space: KeySpace;
  readonly entity: string;
  /** Keyed hash of what identifies it: a business identifier, a search, or its content. */
  readonly digest: string;
}

/**
 * Key of something that many operations create with equal content (a practitioner, a location): the first one writes
 * it, the others find it.
 */
export function ensureKey({ space, entity, digest }: Ensured): StateKey {
  return stateKey(space, entity, familyLetters.ensure, digest);
}

/** The inverse of `ensureKey`; undefined for keys of other families. */
export function parseEnsureKey(key: string): Ensured | undefined {
  const found = familyParts(key, 'ensure', 1);
  return found === undefined ? undefined : { space: found.space, entity: found.entity, digest: found.parts[0] ?? '' };
}

/** Range of all keys ensured under one entity. */
export function ensureRange(of: { readonly space: KeySpace; readonly entity: string }): KeyRange {
  return prefixRange(of.space, of.entity, familyLetters.ensure);
}
