import { isOfR4 } from '@medrex/clinical';

/** Names of JSON in Accept and `_format`: that of FHIR R4, its predecessor, and general ones. */
const json = new Set([
  'json',
  'text/json',
  'application/json',
  'application/fhir+json',
  'application/json+fhir',
  'application/*',
  '*/*',
]);

/**
 * Whether a client accepts FHIR R4 JSON, the only format written here (https://hl7.org/fhir/R4/http.html#mime-type).
 *
 * @param format value of `_format`, which overrides the Accept header
 */
export function acceptsJson(accept: string | undefined, format: string | undefined): boolean {
  if (format !== undefined) return isAccepted(decoded(format));
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((one) => isAccepted(one) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(one));
}

function isAccepted(range: string): boolean {
  return json.has(typeOf(range)) && isOfR4(range);
}

function typeOf(range: string): string {
  const [type = ''] = range.split(';');
  return type.trim().toLowerCase();
}

/** Decodes a query value, keeping a plus as a plus (as in `fhir+json`) instead of a space. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll(' ', '+');
  } catch {
    return text; // an invalid % escape
  }
}
