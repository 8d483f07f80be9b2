import type { StatusRule } from './status-rule.ts';

/**
 * R4's states of financial resources (https://hl7.org/fhir/R4/valueset-fm-status.html). What was cancelled is not taken up again, another one
 * is sent; what is in force does not become a draft.
 */
export const financialRule: StatusRule = {
  active: ['cancelled', 'entered-in-error'],
  cancelled: ['entered-in-error'],
  'entered-in-error': [],
};
