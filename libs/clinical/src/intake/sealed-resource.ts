import { exactJson } from '@medrex/contracts';
import type { FhirResource } from '../fhir/datatypes.ts';
import type { IdentifiedDraft } from './directory.ts';

const bundleReference = /"reference":"(urn:[^"\\]+)"/g;

/**
 * The text of the resource to seal, as the sender wrote it, with all digits of decimals. Only references to entries of
 * its Bundle are replaced by references that are valid outside of it: the entry's id, or its condition. Quotes inside
 * JSON strings are escaped, so the pattern matches the property `reference` only.
 */
export function textOfResource(resource: FhirResource, entry: (url: string) => IdentifiedDraft | undefined): string {
  const text = exactJson(resource);
  if (!text.includes('"urn:')) return text;
  return text.replace(bundleReference, (match, url: string) => {
    const identified = entry(url);
    return identified === undefined ? match : `"reference":${JSON.stringify(externalReference(identified))}`;
  });
}

function externalReference({ draft: { type, condition }, senderId, self }: IdentifiedDraft): string {
  if (condition === undefined || self !== undefined) return `${type}/${senderId}`;
  return `${type}?identifier=${encodeURIComponent(condition.system)}|${encodeURIComponent(condition.value)}`;
}
