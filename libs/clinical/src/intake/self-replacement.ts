import type { RefusalIssue } from '@medrex/contracts';
import type { FhirResource, Reference } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';
import { targetOf } from '../fhir/reference-target.ts';
import { expressionOf } from '../fhir/walk-references.ts';
import type { IdentifiedDraft } from './directory.ts';
import { identifierOfReference } from './patient-identifiers.ts';
import type { Resolver } from './resolver.ts';

/**
 * Issues for a Patient that is replaced by itself, under an identifier in this message. Two identifiers that the vault
 * has merged before are valid: the same merge was sent again.
 */
export function selfReplacement(identified: IdentifiedDraft, resolver: Resolver): readonly RefusalIssue[] {
  const { resource, root } = identified.draft;
  if (identified.self === undefined || resource === undefined) return [];
  return replacements(resource)
    .filter((reference) => namesItself(reference, identified, resolver))
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

function namesItself(reference: Reference, { draft, identifiers }: IdentifiedDraft, resolver: Resolver): boolean {
  const entry = resolver.entry(reference, targetOf(reference));
  if (entry !== undefined) return entry.draft === draft;
  const named = identifierOfReference(reference);
  return (
    named !== undefined && identifiers.some(({ system, value }) => system === named.system && value === named.value)
  );
}
