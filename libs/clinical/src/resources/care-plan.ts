import { codesOf } from '../fhir/codes.ts';
import type { CodeableConcept, Period, Reference } from '../fhir/datatypes.ts';
import { periodIssues } from '../fhir/periods.ts';
import { statusRecord } from './status-record.ts';

interface CarePlan {
  readonly status?: string;
  readonly intent?: string;
  readonly category?: readonly CodeableConcept[];
  readonly encounter?: Reference;
  readonly period?: Period;
  readonly goal?: readonly Reference[];
}

/** How many goals have their ids in the facts. */
const goalsMax = 100;

/** Plans of care. A revoked or completed plan stays so; a new one replaces it. */
export const carePlan = statusRecord({
  type: 'CarePlan',
  element: 'CarePlan.status',
  rule: {
    active: ['on-hold', 'revoked', 'completed', 'entered-in-error', 'unknown'],
    'on-hold': ['active', 'revoked', 'completed', 'entered-in-error', 'unknown'],
    revoked: ['entered-in-error'],
    completed: ['entered-in-error'],
    'entered-in-error': [],
  },
  check: (resource) => periodIssues((resource as CarePlan).period, 'CarePlan.period'),
  facts: (resource, references) => {
    const { status, intent, category = [], encounter, period, goal } = resource as CarePlan;
    return {
      status,
      intent,
      categories: category.flatMap((concept) => codesOf(concept)),
      encounter: references.id(encounter),
      start: period?.start,
      end: period?.end,
      goals: goal?.slice(0, goalsMax).map((one) => references.id(one)),
    };
  },
});
