import type { FhirResource, Reference } from './datatypes.ts';

/**
 * The resource within which references `#id` are resolved, and whether the reference stands in one of its contained
 * resources.
 */
interface Container {
  readonly ids: ReadonlySet<unknown>;
  readonly isInside: boolean;
}

/**
 * The references `#id` in a validated resource that name no contained resource (invariant ref-1). `#` alone, inside a
 * contained resource, names its container. A resource in a Bundle or in Parameters has contained resources of its own.
 */
export function missingContained(resource: FhirResource): readonly Reference[] {
  const missing: Reference[] = [];
  search(resource, { ids: new Set(), isInside: false }, missing);
  return missing;
}

function search(value: unknown, container: Container, missing: Reference[]): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) search(item, container, missing);
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  const { reference } = fields;
  if (typeof reference === 'string' && reference.startsWith('#') && !isThere(reference, container))
    missing.push(fields);
  const own = typeof fields['resourceType'] === 'string' && !container.isInside ? containerOf(fields) : container;
  for (const name in fields) search(fields[name], name === 'contained' ? { ...own, isInside: true } : own, missing);
}

function isThere(reference: string, { ids, isInside }: Container): boolean {
  return reference === '#' ? isInside : ids.has(reference.slice(1));
}

function containerOf({ contained }: Readonly<Record<string, unknown>>): Container {
  const all = Array.isArray(contained) ? (contained as readonly FhirResource[]) : [];
  return { ids: new Set(all.map(({ id }) => id)), isInside: false };
}
