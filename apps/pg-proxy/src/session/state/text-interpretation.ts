import type { SessionEffect } from '@medrex/sql';
import { mayDiscardAll, type TrackedText } from './tracked-text.ts';

/** Reported settings by which a server reads the constants of a text when it prepares it. */
export const reportedInterpretation = [
  'TimeZone',
  'DateStyle',
  'IntervalStyle',
  'standard_conforming_strings',
  'client_encoding',
];
/** Settings that are not reported and by which names are resolved, as well as by the first of those above. */
export const unreportedInterpretation = [
  'search_path',
  'array_nulls',
  'backslash_quote',
  'lc_monetary',
  'timezone_abbreviations',
  'transform_null_equals',
  'xmloption',
];
const names = new Set([...reportedInterpretation, ...unreportedInterpretation].map((name) => name.toLowerCase()));

/** Whether what runs may change one of them, or reset it. */
export function mayChangeInterpretation(watched: TrackedText): boolean {
  const { statements } = watched;
  if (statements === 'unread') return true;
  const isTakenBack = statements.some(({ transaction }) => transaction?.verb.startsWith('rollback') === true);
  return isTakenBack || statements.some(({ effects }) => effects.some(sets)) || mayDiscardAll(watched);
}

function sets(effect: SessionEffect): boolean {
  if (effect.kind === 'set') return !('text' in effect.name) || names.has(effect.name.text.toLowerCase());
  if (effect.kind === 'temporary') return true;
  return effect.kind === 'code' || effect.kind === 'opaque' || effect.kind === 'execute';
}
