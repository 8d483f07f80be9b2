import { CodedError } from '@medrex/coded-error';
import type { RefusalIssue } from '@medrex/contracts';
import { clinicalErrors } from '../errors.ts';
import { definitionOf, isResourceType } from './definitions.ts';
import { IssueList } from './issues.ts';
import { StructureCheck } from './structure-check.ts';

const silent = new StructureCheck(undefined);

/**
 * Checks a JSON value against FHIR R4: known resource type and elements, cardinalities, choices, datatypes, codes of
 * required bindings, targets of literal references, nothing empty. It does not check profiles, terminology beyond
 * required codes, or most invariants.
 * Time is linear in the size of the value, and depth is bounded. A valid resource is walked once without allocations;
 * an invalid one is walked a second time to collect its issues.
 * @param root prefix of every expression: `Observation`, `Bundle.entry[3].resource`. Default: the type of the resource.
 * @returns no issues for a valid resource
 */
export function validateFhir(value: unknown, root?: string): readonly RefusalIssue[] {
  if (silent.resource(value, '', 0)) return [];
  const issues = new IssueList();
  new StructureCheck(issues).resource(value, root ?? typeNameOf(value), 0);
  return issues.all();
}

/** The same for a part of a resource, by the R4 name of its type: `Bundle.entry`. */
export function validateElement(type: string, value: unknown, root: string): readonly RefusalIssue[] {
  const definition = definitionOf(type);
  if (definition === undefined) throw new CodedError(clinicalErrors.INVALID_REGISTRY, `R4 has no type ${type}`);
  if (silent.complex(definition, value, '', 0)) return [];
  const issues = new IssueList();
  new StructureCheck(issues).complex(definition, value, root, 0);
  return issues.all();
}

function typeNameOf(value: unknown): string {
  const type = typeof value === 'object' && value !== null && 'resourceType' in value ? value.resourceType : undefined;
  return typeof type === 'string' && isResourceType(type) ? type : 'Resource';
}
