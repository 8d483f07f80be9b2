import type { RefusalIssue } from '@medrex/contracts';
import type { JsonObject } from '@medrex/execute-batch';

/** An OperationOutcome with an issue for each problem. */
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
