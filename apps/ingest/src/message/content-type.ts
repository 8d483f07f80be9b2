/** How the bytes of a request or record are to be read. */
export type BodyForm = 'json' | 'cloudevent' | 'ndjson' | 'unsupported';

const ndjsonTypes = new Set([
  'application/x-ndjson',
  'application/ndjson',
  'application/fhir+ndjson',
  'application/jsonl',
  'application/x-jsonlines',
]);

/** Parameters (charset, fhirVersion) are left aside, but for a charset that is not UTF-8. A missing type is taken for JSON. */
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
