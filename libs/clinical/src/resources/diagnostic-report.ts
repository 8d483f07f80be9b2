import { codesOf } from '../fhir/codes.ts';
import type { CodeableConcept, Period, Reference } from '../fhir/datatypes.ts';
import { periodIssues } from '../fhir/periods.ts';
import { statusRecord } from './status-record.ts';

interface DiagnosticReport {
  readonly status?: string;
  readonly code?: CodeableConcept;
  readonly encounter?: Reference;
  readonly effectiveDateTime?: string;
  readonly effectivePeriod?: Period;
  readonly issued?: string;
  readonly result?: readonly Reference[];
}

/** How many results have their ids in the facts; further ones are in the sealed body only. */
const resultsMax = 100;

const issuedStates = ['final', 'amended', 'corrected', 'appended'];
const open = ['registered', 'partial', 'preliminary', ...issuedStates, 'cancelled', 'entered-in-error', 'unknown'];

/** Reports on results. A final report can only be amended, corrected or appended to. */
export const diagnosticReport = statusRecord({
  type: 'DiagnosticReport',
  element: 'DiagnosticReport.status',
  rule: {
    registered: open,
    partial: open.filter((status) => status !== 'registered'),
    preliminary: open.filter((status) => status !== 'registered'),
    ...Object.fromEntries(
      issuedStates.map((status) => [status, ['amended', 'corrected', 'appended', 'cancelled', 'entered-in-error']]),
    ),
    cancelled: ['entered-in-error'],
    'entered-in-error': [],
  },
  check: (resource) => periodIssues((resource as DiagnosticReport).effectivePeriod, 'DiagnosticReport.effective'),
  facts: (resource, references) => {
    const { status, code, encounter, effectiveDateTime, effectivePeriod, issued, result } =
      resource as DiagnosticReport;
    return {
      status,
      codes: codesOf(code),
      encounter: references.id(encounter),
      time: effectiveDateTime ?? effectivePeriod?.start ?? issued,
      results: result?.slice(0, resultsMax).map((one) => references.id(one)),
    };
  },
});
