import type { RefusalIssue } from '@medrex/contracts';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';
import { targetOf } from '../fhir/reference-target.ts';
import { expressionOf } from '../fhir/walk-references.ts';
import type { Named } from './directory.ts';
import { identifierOfReference } from './patient-identifiers.ts';
import type { Resolver } from './resolver.ts';

/**
 * A Patient that says to be replaced by itself: under a name that this message gives it. Two whom the vault knows to be
 * one are no mistake: a merge that was carried out is said again.
 */
export function selfReplacement(named: Named, resolver: Resolver): readonly RefusalIssue[] {
  const { resource, root } = named.draft;
  if (named.self === undefined || resource === undefined) return [];
  return replacements(resource)
    .filter((reference) => isOneself(reference, named, resolver))
    .map((reference) =>
      issue(
        'business-rule',
        expressionOf(root, resource, reference),
        'A patient cannot be replaced by itself; name the patient who stays, or leave the link out.',
      ),
    );
}

function replacements(resource: FhirResource): readonly Reference[] {
  const links = (resource['link'] ?? []) as readonly { readonly type?: string; readonly other?: Reference }[];
  return links.flatMap(({ type, other }) => (type === 'replaced-by' && other !== undefined ? [other] : []));
}

function isOneself(reference: Reference, { draft, names }: Named, resolver: Resolver): boolean {
  const entry = resolver.entry(reference, targetOf(reference));
  if (entry !== undefined) return entry.draft === draft;
  const named = identifierOfReference(reference);
  return named !== undefined && names.some(({ system, value }) => system === named.system && value === named.value);
}
