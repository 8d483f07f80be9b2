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
 * Whether a client takes JSON, which is all that is written here (https://hl7.org/fhir/R4/http.html#mime-type).
 *
 * @param format of `_format`, which counts more than the Accept header
 */
export function acceptsJson(accept: string | undefined, format: string | undefined): boolean {
  if (format !== undefined) return json.has(typeOf(decoded(format)));
  if (accept === undefined || accept.trim() === '') return true;
  return accept.split(',').some((one) => json.has(typeOf(one)) && !/;\s*q=0(?:\.0*)?\s*(?:;|$)/i.test(one));
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
