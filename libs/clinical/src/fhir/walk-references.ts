import type { Reference } from './datatypes.ts';

/** Calls `visit` for every Reference in a validated resource, contained ones included. */
export function walkReferences(value: unknown, visit: (reference: Reference) => void): void {
  if (typeof value !== 'object' || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) walkReferences(item, visit);
    return;
  }
  const fields = value as Readonly<Record<string, unknown>>;
  if (typeof fields['reference'] === 'string') visit(fields);
  for (const name in fields) walkReferences(fields[name], visit);
}

/**
 * FHIRPath of a Reference within a resource: `Observation.performer[0]`. It walks the resource again, so it is only for
 * issues.
 */
export function expressionOf(root: string, resource: unknown, reference: Reference): string {
  return search(resource, root, reference) ?? root;
}

function search(value: unknown, path: string, wanted: Reference): string | undefined {
  if (value === wanted) return path;
  if (typeof value !== 'object' || value === null) return undefined;
  const isList = Array.isArray(value);
  for (const [name, child] of Object.entries(value)) {
    const found = search(child, isList ? `${path}[${name}]` : `${path}.${name}`, wanted);
    if (found !== undefined) return found;
  }
  return undefined;
}
