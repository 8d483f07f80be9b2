/** The format of the body of a request or record. */
export type BodyForm = 'json' | 'cloudevent' | 'ndjson' | 'unsupported';

const ndjsonTypes = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/fhir+ndjson',
  'application/jsonl',
  'application/x-jsonlines',
]);

/** Parameters (e.g. fhirVersion) are ignored, except that charset must be UTF-8. Without a content type the body is JSON. */
export function bodyForm(contentType: string | undefined): BodyForm {
  if (contentType === undefined || contentType.trim() === '') return 'json';
  const [type = '', ...parameters] = contentType
    .toLowerCase()
    .split(';')
    .map((part) => part.trim());
  const charset = parameters
    .find((one) => one.startsWith('charset='))
    ?.slice(8)
    .replaceAll('"', '');
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'utf8' && charset !== 'us-ascii')
    return 'unsupported';
  if (type === 'application/cloudevents+json') return 'cloudevent';
  if (ndjsonTypes.has(type)) return 'ndjson';
  return type === 'application/json' || type === 'text/json' || type.endsWith('+json') ? 'json' : 'unsupported';
}
