import type { StatusRule } from './status-rule.ts';

/**
 * Statuses of financial resources (https://hl7.org/fhir/R4/valueset-fm-status.html). A cancelled resource stays so, and
 * an active one does not become a draft again.
 */
export const financialRule: StatusRule = {
  active: ['cancelled', 'entered-in-error'],
  cancelled: ['entered-in-error'],
  'entered-in-error': [],
};
