import { isOfR4 } from '@medrex/clinical';

/** Names of JSON in Accept and `_format`; FHIR's own of R4, its old one, and those of every other client. */
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
 * Whether a client takes JSON of FHIR R4, which is all that is written here (https://hl7.org/fhir/R4/http.html#mime-type).
 *
 * @param format of `_format`, which counts more than the Accept header
 */
export function acceptsJson(accept: string | undefined, format: string | undefined): boolean {
  if (format !== undefined) return isTaken(decoded(format));
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((one) => isTaken(one) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(one));
}

function isTaken(range: string): boolean {
  return json.has(typeOf(range)) && isOfR4(range);
}

function typeOf(range: string): string {
  const [type = ''] = range.split(';');
  return type.trim().toLowerCase();
}

/** In a query a plus may stand for a space and is meant as a plus here. */
function decoded(text: string): string {
  try {
    return decodeURIComponent(text).replaceAll(' ', '+');
  } catch {
    return text; // a % that begins no escape
  }
}
