import type { RefusalIssue } from '@medrex/contracts';
import type { JsonObject } from '@medrex/execute-batch';

/** FHIR's way of saying what is wrong: one OperationOutcome with an issue for each. */
export function operationOutcome(issues: readonly RefusalIssue[]): JsonObject {
  return {
    resourceType: 'OperationOutcome',
    issue: issues.map(({ severity, code, diagnostics, expression }): JsonObject => ({
      severity,
      code,
      diagnostics,
      ...(expression === undefined ? {} : { expression: [expression] }),
    })),
  };
}
