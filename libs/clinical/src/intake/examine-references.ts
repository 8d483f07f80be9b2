import type { RefusalIssue } from '@medrex/contracts';
import type { Lookup } from '../contract/entry.ts';
import type { Reference } from '../fhir/datatypes.ts';
import { identifierQueryHint } from '../fhir/identifier-query.ts';
import { issue } from '../fhir/issues.ts';
import { missingContained } from '../fhir/local-references.ts';
import { targetOf, type ReferenceTarget } from '../fhir/reference-target.ts';
import { expressionOf, walkReferences } from '../fhir/walk-references.ts';
import type { Draft } from './draft.ts';
import type { Resolver } from './resolver.ts';

/** The result of examining the references of one resource. */
export interface ReferenceFindings {
  /** An issue for each reference without a target. */
  readonly issues: readonly RefusalIssue[];
  /** Conditional references, which the contract must look up before it applies the entry. */
  readonly lookups: readonly Lookup[];
}

const nothing: ReferenceFindings = { issues: [], lookups: [] };

/** Examines all references of a draft's resource. Nearly all name a resource directly and need no further work. */
export function examineReferences(draft: Draft, resolver: Resolver): ReferenceFindings {
  const unusual: { readonly reference: Reference; readonly target: ReferenceTarget }[] = [];
  const local: Reference[] = [];
  walkReferences(draft.resource, (reference) => {
    if (reference.reference?.startsWith('#') === true) local.push(reference);
    const target = targetOf(reference);
    const isOrdinary = target.kind === 'none' || target.kind === 'literal' || target.kind === 'absolute';
    if (!isOrdinary || resolver.entry(reference, target)?.draft.condition !== undefined)
      unusual.push({ reference, target });
  });
  const issues = local.length === 0 ? [] : localIssues(draft);
  if (unusual.length === 0) return issues.length === 0 ? nothing : { issues, lookups: [] };
  const lookups: Lookup[] = [];
  for (const { reference, target } of unusual) {
    if (target.kind === 'conditional' && target.type === 'Patient') resolver.findPatients([reference]);
    const text = targetIssue(reference, target, resolver);
    if (text !== undefined) issues.push({ ...text, expression: expressionOf(draft.root, draft.resource, reference) });
    else lookups.push(...lookupOf(draft, resolver, reference, target));
  }
  return { issues, lookups };
}

function localIssues({ resource, root }: Draft): RefusalIssue[] {
  if (resource === undefined) return [];
  const text = 'No contained resource has this id; contain the resource, or refer to Type/id.';
  return missingContained(resource).map((reference) =>
    issue('invariant', expressionOf(root, resource, reference), text),
  );
}

function lookupOf(draft: Draft, resolver: Resolver, reference: Reference, target: ReferenceTarget): readonly Lookup[] {
  const digest = resolver.digest(reference, target);
  if (digest === undefined) return [];
  const entry = resolver.entry(reference, target);
  const type = entry?.draft.type ?? (target.kind === 'conditional' ? target.type : '');
  const expression = expressionOf(draft.type, draft.resource, reference);
  return [entry === undefined ? { type, digest, expression } : { type, digest, expression, otherwise: entry.senderId }];
}

function targetIssue(reference: Reference, target: ReferenceTarget, resolver: Resolver): RefusalIssue | undefined {
  switch (target.kind) {
    case 'conditional':
      if (resolver.digest(reference, target) !== undefined) return undefined;
      return issue('not-supported', '', `This search cannot be a reference. ${identifierQueryHint}`);
    case 'urn':
      if (resolver.entry(reference, target) !== undefined) return undefined;
      return issue('not-found', '', 'No entry of this message has this fullUrl; add the entry, or refer to Type/id.');
    case 'unreadable':
      return issue(
        'value',
        '',
        'Use Type/id, an absolute URL, urn:uuid: of an entry, #id or Type?identifier=system|value.',
      );
    default:
      return undefined;
  }
}
