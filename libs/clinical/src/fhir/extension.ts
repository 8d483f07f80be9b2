import type { FhirResource, Reference } from './datatypes.ts';

interface Extension {
  readonly url?: string;
  readonly valueReference?: Reference;
}

/** The reference in the resource's first extension with that URL. */
export function extensionReference(resource: FhirResource, url: string): Reference | undefined {
  return extensionReferences(resource, url)[0];
}

/** The references in all of the resource's extensions with that URL, in order. */
export function extensionReferences(resource: FhirResource, url: string): readonly Reference[] {
  const extensions = resource['extension'];
  if (!Array.isArray(extensions)) return [];
  return (extensions as readonly Extension[]).flatMap((one) =>
    one.url === url && one.valueReference !== undefined ? [one.valueReference] : [],
  );
}
