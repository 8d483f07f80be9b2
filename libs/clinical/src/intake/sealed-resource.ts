import { exactJson } from '@medrex/contracts';
import type { FhirResource } from '../fhir/datatypes.ts';
import type { Named } from './directory.ts';

const bundleReference = /"reference":"(urn:[^"\\]+)"/g;

/**
 * The resource as it is sealed: as the sender wrote it, decimals to the digit, but references to entries of its Bundle by what names those
 * outside of it: their ids, or, of an entry with a condition, that condition. In JSON text a quote inside a string is
 * escaped, so what looks like the name `reference` here is one.
 */
export function textOfResource(resource: FhirResource, entry: (url: string) => Named | undefined): string {
  const text = exactJson(resource);
  if (!text.includes('"urn:')) return text;
  return text.replace(bundleReference, (whole, url: string) => {
    const named = entry(url);
    return named === undefined ? whole : `"reference":${JSON.stringify(outsideName(named))}`;
  });
}

function outsideName({ draft: { type, condition }, told, self }: Named): string {
  if (condition === undefined || self !== undefined) return `${type}/${told}`;
  return `${type}?identifier=${encodeURIComponent(condition.system)}|${encodeURIComponent(condition.value)}`;
}
