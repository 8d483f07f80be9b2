import { isResourceType } from './definitions.ts';
import type { Identifier, Reference } from './datatypes.ts';

/** What a Reference refers to, before anything is looked up. */
export type ReferenceTarget =
  /** A contained resource, or no target at all. */
  | { readonly kind: 'none' }
  /** `urn:uuid:...`: an entry of the same Bundle. */
  | { readonly kind: 'urn'; readonly url: string }
  /** `Type/id`, with or without a version. */
  | { readonly kind: 'literal'; readonly type: string; readonly id: string }
  /** `https://server/fhir/Type/id`. */
  | { readonly kind: 'absolute'; readonly type: string | undefined; readonly url: string }
  /** `Type?identifier=system|value`. */
  | { readonly kind: 'conditional'; readonly type: string; readonly query: string }
  /** A business identifier of the target instead of a literal reference. */
  | { readonly kind: 'logical'; readonly type: string | undefined; readonly identifier: Identifier }
  /** A reference in none of these forms. */
  | { readonly kind: 'unreadable' };

const literal = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9.-]{1,64})(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;
const conditional = /^([A-Z][A-Za-z]+)\?(.+)$/s;
const absolute = /^https?:\/\/\S+$/;
const absoluteTail = /\/([A-Z][A-Za-z]+)\/[A-Za-z0-9.-]{1,64}(?:\/_history\/[A-Za-z0-9.-]{1,64})?$/;

/** Reads a Reference (https://hl7.org/fhir/R4/references.html). */
export function targetOf({ reference, type, identifier }: Reference): ReferenceTarget {
  if (reference === undefined) {
    return identifier === undefined ? { kind: 'none' } : { kind: 'logical', type, identifier };
  }
  if (reference.startsWith('#')) return { kind: 'none' };
  if (reference.startsWith('urn:')) return { kind: 'urn', url: reference };
  const found = literal.exec(reference);
  if (found !== null) return typed(found, (name, id) => ({ kind: 'literal', type: name, id }));
  const asked = conditional.exec(reference);
  if (asked !== null) return typed(asked, (name, query) => ({ kind: 'conditional', type: name, query }));
  if (absolute.test(reference)) {
    const name = absoluteTail.exec(reference)?.[1];
    return { kind: 'absolute', type: name !== undefined && isResourceType(name) ? name : type, url: reference };
  }
  return { kind: 'unreadable' };
}

function typed(match: RegExpExecArray, make: (type: string, rest: string) => ReferenceTarget): ReferenceTarget {
  const [, type = '', rest = ''] = match;
  return isResourceType(type) ? make(type, rest) : { kind: 'unreadable' };
}
