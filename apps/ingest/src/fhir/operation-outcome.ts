import type { RefusalIssue } from '@medrex/contracts';
import type { Problem } from '../problem.ts';

/** A FHIR R4 OperationOutcome, with the elements used here. */
export interface OperationOutcome {
  readonly resourceType: 'OperationOutcome';
  readonly issue: readonly {
    readonly severity: RefusalIssue['severity'] | 'information';
    readonly code: string;
    readonly details?: {
      readonly coding: readonly [{ readonly system: string; readonly code: string }];
      readonly text: string;
    };
    readonly diagnostics?: string;
    readonly expression?: readonly string[];
  }[];
}

/** Code system of the Medrex error codes, which refine the issue types of FHIR. */
export const errorCodeSystem = 'urn:medrex:error';

/** Problems as an OperationOutcome: one issue for each issue of the contract, with the FHIRPath of the element. */
export function operationOutcome(problems: readonly Problem[]): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: problems.flatMap(issuesOf) };
}

/** An OperationOutcome with one informational issue. */
export function informationOutcome(code: string, diagnostics: string): OperationOutcome {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'information', code, diagnostics }] };
}

function issuesOf({ code, detail, remedy, status, issues }: Problem): OperationOutcome['issue'] {
  const details = { coding: [{ system: errorCodeSystem, code }], text: remedy } as const;
  if (issues === undefined || issues.length === 0)
    return [{ severity: 'error', code: issueType(status), details, diagnostics: detail }];
  return issues.map((issue) => ({
    severity: issue.severity,
    code: issue.code,
    details,
    diagnostics: issue.diagnostics,
    ...(issue.expression !== undefined && { expression: [issue.expression] }),
  }));
}

const issueTypes: Readonly<Record<number, string>> = {
  400: 'structure',
  404: 'not-found',
  405: 'not-supported',
  406: 'not-supported',
  409: 'conflict',
  412: 'conflict',
  413: 'too-long',
  415: 'not-supported',
  429: 'throttled',
  500: 'exception',
  503: 'transient',
};

/** FHIR's issue type for an HTTP status. */
export function issueType(status: number): string {
  return issueTypes[status] ?? 'processing';
}
