import type { StateKey } from './declared-key.ts';
import { familyLetters, familyParts } from './family.ts';
import { type KeyRange, parseStateKey, prefixRange, stateKey } from './state-key.ts';

/** Key of one change of a counter, unique to the operation, so concurrent changes never conflict. */
export function counterDeltaKey(counter: string, opId: string): StateKey {
  return stateKey('counters', counter, familyLetters.counterDelta, opId);
}

/** Key of the sum of a counter's compacted deltas. */
export function counterBaseKey(counter: string): StateKey {
  return stateKey('counters', counter, familyLetters.counterBase);
}

/** Range of a counter's base and deltas. For queries only; an operation that writes must not read ranges. */
export function counterRange(counter: string): KeyRange {
  return prefixRange('counters', counter);
}

/** A parsed key of a counter. */
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
