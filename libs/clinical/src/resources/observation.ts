import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import { timeSeriesKey, type StateKey } from '@medrex/keys';
import { versionKey } from '../contract/record-keys.ts';
import type { Change, CodedFields, ResourceModule } from '../contract/resource-module.ts';
import { writeJson } from '../contract/state-json.ts';
import { codeOf, firstCode, hasCode } from '../fhir/codes.ts';
import type { CodeableConcept, FhirResource, Period, Quantity, Reference } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';
import { periodIssues } from '../fhir/periods.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';

type Measured = {
  readonly value?: number;
  readonly comparator?: string;
  readonly unit?: string;
  readonly code?: string;
};

type ObservationFacts = {
  readonly status: string;
  /** Its time series: vital signs, or other observations. */
  readonly series: Series;
  readonly code: string;
  readonly time?: string;
  readonly encounter?: string;
  readonly value?: Measured;
  readonly components?: readonly (Measured & { readonly of: string })[];
};
type ObservationHead = Pick<ObservationFacts, 'status' | 'series' | 'code' | 'time'>;
type Series = 'vit' | 'obs';

interface Observed {
  readonly valueQuantity?: Quantity;
  readonly valueCodeableConcept?: CodeableConcept;
  readonly valueInteger?: number;
  readonly code?: CodeableConcept;
}

interface Observation extends Observed {
  readonly status?: string;
  readonly category?: readonly CodeableConcept[];
  readonly subject?: Reference;
  readonly encounter?: Reference;
  readonly effectiveDateTime?: string;
  readonly effectiveInstant?: string;
  readonly effectivePeriod?: Period;
  readonly issued?: string;
  readonly dataAbsentReason?: CodeableConcept;
  readonly component?: readonly Observed[];
}

// https://hl7.org/fhir/R4/valueset-observation-status.html: a final observation can change only to amended, corrected
// or entered in error.
const statusRule: StatusRule = {
  registered: ['preliminary', 'final', 'amended', 'corrected', 'cancelled', 'entered-in-error', 'unknown'],
  preliminary: ['final', 'amended', 'corrected', 'cancelled', 'entered-in-error', 'unknown'],
  final: ['amended', 'corrected', 'entered-in-error'],
  amended: ['corrected', 'entered-in-error'],
  corrected: ['amended', 'entered-in-error'],
  cancelled: ['entered-in-error'],
  'entered-in-error': [],
};

/**
 * Vital signs and results. Each reading is a point in a time series of its patient. It has a key of its own, ordered by
 * time, so concurrent readings of one patient do not conflict, and a late one gets its right place. A correction is
 * another point at its time; the earlier record stays.
 */
export const observation: ResourceModule<ObservationFacts, ObservationHead> = {
  type: 'Observation',
  class: 'clinical',
  space: 'clinical',
  templateVersion: 1,
  lines: [
    {
      key: 'cli~vit~t~<patient>~<code>~<time>~<observation>',
      mode: 'append',
      when: 'a vital sign',
      why: 'the record, in the time series of its patient and code; observations other than vital signs under obs',
    },
  ],
  check: checkObservation,
  facts: (resource, references) => {
    const { status = 'unknown', code, encounter, category, component, ...observed } = resource as Observation;
    return {
      status,
      series: category?.some((one) => hasCode(one, 'vital-signs')) === true ? 'vit' : 'obs',
      code: firstCode(code) ?? 'text',
      time: timeOf(observed),
      encounter: references.id(encounter),
      value: measured(observed),
      components: component?.map((part) => ({ of: firstCode(part.code) ?? 'text', ...measured(part) })),
    };
  },
  headFacts: ({ code, series, status, time }) => ({ code, series, status, time }),
  recordKey: (change) =>
    pointKey(change.patient, change.facts, pointId(change)) ??
    versionKey('clinical', 'Observation', change.id, change.action === 'create' ? '1' : change.changeId),
  apply: async (change, state, { previous }) => {
    if (previous === undefined || previous.isDeleted) return undefined;
    checkStatus(statusRule, 'Observation.status', previous.facts.status, change.facts.status);
    const before = pointKey(previous.patient, previous.facts, pointId(change));
    // A correction of patient, code or time has another place in the series. A note at the old place says so to its
    // readers.
    if (before !== undefined && before !== pointKey(change.patient, change.facts, pointId(change)))
      markMoved(state, before, change.id);
    return undefined;
  },
  remove: async ({ id, changeId }, state, { previous }) => {
    const point = previous && pointKey(previous.patient, previous.facts, `${id}.${changeId}`);
    if (point !== undefined) markMoved(state, point, id);
  },
};

function pointId({ action, id, changeId }: Pick<Change<CodedFields>, 'action' | 'id' | 'changeId'>): string {
  return action === 'create' ? id : `${id}.${changeId}`;
}

/** Key of a reading; undefined without a patient or a time, since it then belongs to no series. */
function pointKey(
  patient: string | undefined,
  { series, code, time }: ObservationHead,
  id: string,
): StateKey | undefined {
  if (patient === undefined || time === undefined) return undefined;
  return timeSeriesKey({ space: 'clinical', entity: series, subject: patient, code, time, id });
}

/** Writes a note at a place in the series that the current version of the resource is not there. */
function markMoved(state: State, point: StateKey, id: string): void {
  writeJson(state, point, { type: 'Observation', id, isMoved: true });
}

function timeOf({ effectiveDateTime, effectiveInstant, effectivePeriod, issued }: Observation): string | undefined {
  return effectiveDateTime ?? effectiveInstant ?? effectivePeriod?.start ?? effectivePeriod?.end ?? issued;
}

/** The coded part of a value: a quantity, code or whole number. Text stays in the sealed body. */
function measured({ valueQuantity, valueCodeableConcept, valueInteger }: Observed): Measured | undefined {
  if (valueQuantity !== undefined) {
    const { value, comparator, system, code } = valueQuantity;
    return { value, comparator, unit: codeOf({ system, code }) };
  }
  if (valueInteger !== undefined) return { value: valueInteger };
  return valueCodeableConcept === undefined ? undefined : { code: firstCode(valueCodeableConcept) };
}

function checkObservation(resource: FhirResource): readonly RefusalIssue[] {
  const { dataAbsentReason, effectivePeriod } = resource as Observation & FhirResource;
  const issues = [...periodIssues(effectivePeriod, 'Observation.effective')];
  if (dataAbsentReason !== undefined && Object.keys(resource).some((name) => name.startsWith('value'))) {
    issues.push(
      issue(
        'invariant',
        'Observation.dataAbsentReason',
        'Give a value or the reason why there is none, not both (obs-6).',
      ),
    );
  }
  return issues;
}
