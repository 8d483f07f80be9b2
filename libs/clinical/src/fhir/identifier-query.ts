import type { PatientIdentifier } from '@medrex/contracts';

/**
 * Reads the search of a conditional create, update or reference: `identifier=system|value`, or `identifier=|value` for
 * an identifier without a system. One identifier is what can be looked up with one read; every other search is
 * undefined here and refused.
 */
export function identifierQuery(query: string): PatientIdentifier | undefined {
  const text = query.startsWith('?') ? query.slice(1) : query;
  if (!text.startsWith('identifier=') || text.includes('&')) return undefined;
  const decoded = decode(text.slice('identifier='.length));
  const bar = decoded?.indexOf('|') ?? -1;
  if (decoded === undefined || bar < 0 || bar === decoded.length - 1) return undefined;
  return { system: decoded.slice(0, bar), value: decoded.slice(bar + 1) };
}

/** What to write instead, for refusals. */
export const identifierQueryHint = 'Use identifier=system|value: one identifier, with its system before the bar.';

function decode(token: string): string | undefined {
  try {
    return decodeURIComponent(token);
  } catch {
    return undefined; // a % that begins no escape
  }
}
