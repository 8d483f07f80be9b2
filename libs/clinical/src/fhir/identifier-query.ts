import type { PatientIdentifier } from '@medrex/contracts';
import { withoutGeneralParameters } from './general-parameters.ts';

/** What some clients write before the search: `Patient?` or `https://server/fhir/Patient?`. */
const before = /^(?:(?:https?:\/\/[^\s?]*\/)?([A-Za-z]+))?\?/;

/**
 * Reads the search of a conditional create, update or reference: `identifier=system|value`, or `identifier=|value` for
 * an identifier without a system. One identifier is what can be looked up with one read; every other search is
 * undefined here and refused.
 *
 * @param type what the search must be of, where it says so itself
 */
export function identifierQuery(query: string, type?: string): PatientIdentifier | undefined {
  const [mark = '', named = type] = before.exec(query) ?? [];
  if (type !== undefined && named !== type) return undefined;
  const search = withoutGeneralParameters(query.slice(mark.length));
  if (!search.startsWith('identifier=') || search.includes('&')) return undefined;
  return tokenOf(decode(search.slice('identifier='.length)));
}

/** What to write instead, for refusals. */
export const identifierQueryHint = 'Use identifier=system|value: one identifier, with its system before the bar.';

/** `system|value`; a comma stands for or, and a backslash takes its meaning from what follows (https://hl7.org/fhir/R4/search.html#escaping). */
function tokenOf(token: string | undefined): PatientIdentifier | undefined {
  const parts = [''];
  for (const [one] of (token ?? '').matchAll(/\\[\\,|$]|[^]/gu)) {
    if (one === ',') return undefined;
    if (one === '|' && parts.length === 1) parts.push('');
    else parts.push(`${parts.pop() ?? ''}${one.length === 2 && one.startsWith('\\') ? one.slice(1) : one}`);
  }
  const [system = '', value = ''] = parts;
  return value === '' ? undefined : { system, value };
}

function decode(token: string): string | undefined {
  try {
    return decodeURIComponent(token);
  } catch {
    return undefined; // a % that begins no escape
  }
}
