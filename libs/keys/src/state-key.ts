import type { StateKey } from './declared-key.ts';
import { decodePart, encodePart } from './key-part.ts';

/** The key spaces: what contends lives apart from what does not, and whoever may read one is not given another by a prefix. */
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

/** A key taken apart. */
export interface KeyParts {
  readonly space: KeySpace;
  /** What the key is about: `res`, `vit`, `acct`, ... */
  readonly entity: string;
  readonly parts: readonly string[];
}

/** Bounds of a range read: `start` inclusive, `end` exclusive, in code-point order as Fabric compares keys. */
export interface KeyRange {
  readonly start: string;
  readonly end: string;
}

/** What every key of the space starts with, `cli~`; no space's prefix is the beginning of another's. */
export function spacePrefix(space: KeySpace): string {
  return codes[space] + '~';
}

/**
 * The key `space~entity~part~part...`. Any strings may be parts, the empty one and lone surrogates included; different input makes
 * different keys, and `parseStateKey` gives the input back. Printable ASCII without a leading underscore, which is what both of
 * Fabric's state databases take.
 */
export function stateKey(space: KeySpace, entity: string, ...parts: readonly string[]): StateKey {
  let key = spacePrefix(space) + encodePart(entity);
  for (const part of parts) key += '~' + encodePart(part);
  return key as StateKey;
}

/** The inverse of `stateKey`; undefined for every text that it does not make (another writer's key). */
export function parseStateKey(key: string): KeyParts | undefined {
  const [code, entity, ...parts] = key.split('~').map(decodePart);
  const space = code === undefined ? undefined : spacesByCode.get(code);
  if (space === undefined || entity === undefined || !parts.every((part) => part !== undefined)) return undefined;
  return { space, entity, parts };
}

/** The space that a key lies in, by its prefix alone; undefined for keys that are not ours. */
export function spaceOf(key: string): KeySpace | undefined {
  return key.charCodeAt(3) === 0x7e ? spacesByCode.get(key.slice(0, 3)) : undefined;
}

/**
 * All keys that have these first parts and at least one more. Exact, since nothing that can stand in a key sorts above the
 * separator: the end is the separator's successor, U+007F.
 */
export function prefixRange(space: KeySpace, entity: string, ...parts: readonly string[]): KeyRange {
  const prefix = stateKey(space, entity, ...parts);
  return { start: prefix + '~', end: prefix + '\x7f' };
}
