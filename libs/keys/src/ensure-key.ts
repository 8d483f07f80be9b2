import type { StateKey } from './declared-key.ts';
import { familyLetters, familyParts } from './family.ts';
import { type KeyRange, type KeySpace, prefixRange, stateKey } from './state-key.ts';

/** Something that must exist once, whichever operation creates it. */
export interface Ensured {
  readonly space: KeySpace;
  readonly entity: string;
  /** Keyed hash of what makes it the same thing: a business identifier, a search, the content itself. */
  readonly digest: string;
}

/** Key of something that many create with equal content (a practitioner, a location): the first writes, the others find it. */
export function ensureKey({ space, entity, digest }: Ensured): StateKey {
  return stateKey(space, entity, familyLetters.ensure, digest);
}

/** The inverse of `ensureKey`; undefined for keys of other families. */
export function parseEnsureKey(key: string): Ensured | undefined {
  const found = familyParts(key, 'ensure', 1);
  return found === undefined ? undefined : { space: found.space, entity: found.entity, digest: found.parts[0] ?? '' };
}

/** Bounds of everything ensured under one entity. */
export function ensureRange(of: { readonly space: KeySpace; readonly entity: string }): KeyRange {
  return prefixRange(of.space, of.entity, familyLetters.ensure);
}
