import type { StateKey } from './declared-key.ts';
import { decodePart, encodePart } from './key-part.ts';

/** The key spaces. They separate data with and without contention, and access rights are granted by space. */
export const keySpaces = ['clinical', 'financial', 'scheduling', 'audit', 'counters', 'system'] as const;
export type KeySpace = (typeof keySpaces)[number];

const codes: Readonly<Record<KeySpace, string>> = {
  clinical: 'cli',
  financial: 'fin',
  scheduling: 'sch',
  audit: 'aud',
  counters: 'ctr',
  system: 'sys',
};
const spacesByCode = new Map(keySpaces.map((space) => [codes[space], space]));

/** A parsed key. */
export interface KeyParts {
  readonly space: KeySpace;
  /** The entity: `res`, `vit`, `acct`, ... */
  readonly entity: string;
  readonly parts: readonly string[];
}

/** Bounds of a range read: `start` inclusive, `end` exclusive, in code-point order as Fabric compares keys. */
export interface KeyRange {
  readonly start: string;
  readonly end: string;
}

/** The prefix of every key of the space, `cli~`; no space's prefix begins another's. */
export function spacePrefix(space: KeySpace): string {
  return codes[space] + '~';
}

/**
 * The key `space~entity~part~part...`. Parts may be any strings, including empty ones and lone surrogates. Different
 * input gives different keys, and `parseStateKey` returns the input. The key is printable ASCII without a leading
 * underscore, which both of Fabric's state databases accept.
 */
export function stateKey(space: KeySpace, entity: string, ...parts: readonly string[]): StateKey {
  let key = spacePrefix(space) + encodePart(entity);
  for (const part of parts) key += '~' + encodePart(part);
  return key as StateKey;
}

/** The inverse of `stateKey`; undefined for any other text (a key of another writer). */
export function parseStateKey(key: string): KeyParts | undefined {
  const [code, entity, ...parts] = key.split('~').map(decodePart);
  const space = code === undefined ? undefined : spacesByCode.get(code);
  if (space === undefined || entity === undefined || !parts.every((part) => part !== undefined)) return undefined;
  return { space, entity, parts };
}

/** The space of a key, by its prefix alone; undefined for other keys. */
export function spaceOf(key: string): KeySpace | undefined {
  return key.charCodeAt(3) === 0x7e ? spacesByCode.get(key.slice(0, 3)) : undefined;
}

/**
 * Range of all keys with these first parts and at least one more. It is exact, since no character of a key sorts above
 * the separator: the end is the separator's successor, U+007F.
 */
export function prefixRange(space: KeySpace, entity: string, ...parts: readonly string[]): KeyRange {
  const prefix = stateKey(space, entity, ...parts);
  return { start: prefix + '~', end: prefix + '\x7f' };
}
