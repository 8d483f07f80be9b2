import { codeAmong, codesOf } from '../fhir/codes.ts';
import type { CodeableConcept } from '../fhir/datatypes.ts';
import { statusRecord } from './status-record.ts';

const achievements = [
  'in-progress',
  'improving',
  'worsening',
  'no-change',
  'achieved',
  'sustaining',
  'not-achieved',
  'no-progress',
  'not-attainable',
] as const;

interface Goal {
  readonly lifecycleStatus?: string;
  readonly achievementStatus?: CodeableConcept;
  readonly description?: CodeableConcept;
  readonly startDate?: string;
  readonly statusDate?: string;
}

/** Goals of a patient's care. */
export const goal = statusRecord({
  type: 'Goal',
  element: 'Goal.lifecycleStatus',
  rule: {
    completed: ['entered-in-error'],
    cancelled: ['entered-in-error'],
    rejected: ['entered-in-error'],
    'entered-in-error': [],
  },
  facts: (resource) => {
    const { lifecycleStatus, achievementStatus, description, startDate, statusDate } = resource as Goal;
    return {
      status: lifecycleStatus,
      achievement: codeAmong(achievementStatus, achievements),
      codes: codesOf(description),
      start: startDate,
      statusDate,
    };
  },
});
