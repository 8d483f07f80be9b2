import type { OperationClass, RefusalIssue } from '@medrex/contracts';
import type { CodedFields, References, ResourceModule } from '../contract/resource-module.ts';
import type { FhirResource } from '../fhir/datatypes.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';

/** Facts of a record whose only rule is about its status. */
export type StatusFacts = CodedFields & { readonly status?: string | undefined };

/** What differs between types that have only a status rule. */
export interface StatusRecord<Facts extends StatusFacts> {
  readonly type: string;
  readonly class?: OperationClass;
  /** FHIRPath of the element that holds the status. */
  readonly element: string;
  readonly rule: StatusRule;
  readonly facts: (resource: FhirResource, references: References) => Facts;
  readonly check?: (resource: FhirResource) => readonly RefusalIssue[];
}

/** A clinical record without keys of its own. It is created without being read, and its status follows a rule. */
export function statusRecord<Facts extends StatusFacts>(
  record: StatusRecord<Facts>,
): ResourceModule<Facts, StatusFacts> {
  const { type, element, rule, facts, check } = record;
  return {
    type,
    class: record.class ?? 'clinical',
    space: 'clinical',
    templateVersion: 1,
    lines: [],
    facts,
    ...(check === undefined ? {} : { check }),
    headFacts: ({ status }) => ({ status }),
    apply: async (change, _state, { previous }) => {
      checkStatus(
        rule,
        element,
        previous?.isDeleted === false ? previous.facts.status : undefined,
        change.facts.status,
      );
      return undefined;
    },
  };
}
