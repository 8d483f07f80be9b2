import type { PatientIdentifier } from '@medrex/contracts';
import { withoutGeneralParameters } from './general-parameters.ts';

/** Prefix that some clients put before the search: `Patient?` or `https://server/fhir/Patient?`. */
const searchPrefix = /^(?:(?:https?:\/\/[^\s?]*\/)?([A-Za-z]+))?\?/;

/**
 * Reads the search of a conditional create, update or reference: `identifier=system|value`, or `identifier=|value` for
 * an identifier without a system. Only a single identifier can be looked up with one read; any other search gives
 * undefined and is refused.
 * @param type the resource type that the search must name, if it names one
 */
export function identifierQuery(query: string, type?: string): PatientIdentifier | undefined {
  const [mark = '', named = type] = searchPrefix.exec(query) ?? [];
  if (type !== undefined && named !== type) return undefined;
  const search = withoutGeneralParameters(query.slice(mark.length));
  if (!search.startsWith('identifier=') || search.includes('&')) return undefined;
  return tokenOf(decode(search.slice('identifier='.length)));
}

/** Says in refusals what to write instead. */
export const identifierQueryHint = 'Use identifier=system|value: one identifier, with its system before the bar.';

/**
 * Parses `system|value`. A comma would mean "or", and a backslash escapes the next character
 * (https://hl7.org/fhir/R4/search.html#escaping).
 */
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
    return undefined; // an invalid % escape
  }
}
