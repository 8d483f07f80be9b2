import type { StateKey } from './declared-key.ts';
import { familyLetters, familyParts } from './family.ts';
import { type KeyRange, parseStateKey, prefixRange, stateKey } from './state-key.ts';

/** Key of one change of a counter, unique by the operation that made it: a thousand changes at once conflict with nothing. */
export function counterDeltaKey(counter: string, opId: string): StateKey {
  return stateKey('counters', counter, familyLetters.counterDelta, opId);
}

/** Key of what the compacted deltas of a counter came to. */
export function counterBaseKey(counter: string): StateKey {
  return stateKey('counters', counter, familyLetters.counterBase);
}

/** Bounds of everything that makes up a counter: its base, then its deltas. For queries; an operation that writes does no range reads. */
export function counterRange(counter: string): KeyRange {
  return prefixRange('counters', counter);
}

/** A key of a counter taken apart. */
export type CounterKey =
  | { readonly kind: 'base'; readonly counter: string }
  | { readonly kind: 'delta'; readonly counter: string; readonly opId: string };

/** The inverse of `counterDeltaKey` and `counterBaseKey`; undefined for other keys. */
export function parseCounterKey(key: string): CounterKey | undefined {
  const parsed = parseStateKey(key);
  if (parsed?.space !== 'counters') return undefined;
  const counter = parsed.entity;
  if (familyParts(key, 'counterBase', 0) !== undefined) return { kind: 'base', counter };
  const opId = familyParts(key, 'counterDelta', 1)?.parts[0];
  return opId === undefined ? undefined : { kind: 'delta', counter, opId };
}
