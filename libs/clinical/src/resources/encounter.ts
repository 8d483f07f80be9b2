import type { RefusalIssue } from '@medrex/contracts';
import type { State } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';
import { reject } from '../contract/rejects.ts';
import type { ResourceModule } from '../contract/resource-module.ts';
import { codeOf } from '../fhir/codes.ts';
import type { FhirResource, Period } from '../fhir/datatypes.ts';
import { issue } from '../fhir/issues.ts';
import { isBefore, periodIssues } from '../fhir/periods.ts';
import { bedKey, censusKey, leaveBed, moveCensus, takeBed } from './bed.ts';
import { placesOf, type LocatedEncounter } from './encounter-places.ts';
import { checkStatus, type StatusRule } from './status-rule.ts';

type EncounterFacts = {
  readonly status: string;
  readonly class?: string;
  readonly start?: string;
  readonly end?: string;
  readonly bed?: string;
  readonly priorBed?: string;
  readonly ward?: string;
};
type EncounterHead = Pick<EncounterFacts, 'status' | 'bed' | 'ward'>;

// https://hl7.org/fhir/R4/valueset-encounter-status.html
const nextStatuses = [
  'arrived',
  'triaged',
  'in-progress',
  'onleave',
  'finished',
  'cancelled',
  'entered-in-error',
  'unknown',
];
const rule: StatusRule = {
  planned: nextStatuses,
  arrived: nextStatuses,
  triaged: nextStatuses.filter((status) => status !== 'arrived'),
  'in-progress': ['onleave', 'finished', 'cancelled', 'entered-in-error', 'unknown'],
  onleave: ['in-progress', 'finished', 'entered-in-error', 'unknown'],
  finished: ['entered-in-error'],
  cancelled: ['entered-in-error'],
  'entered-in-error': [],
};

/**
 * Admissions, transfers and discharges. A bed has a key of its own; the census of a ward is a delta counter. If a
 * transfer or discharge names the bed that is left (a completed location), its keys are exact, and a wrong bed is
 * rejected. Otherwise the bed is found in the encounter's head.
 */
export const encounter: ResourceModule<EncounterFacts, EncounterHead> = {
  type: 'Encounter',
  class: 'clinical',
  space: 'clinical',
  alsoIn: ['counters'],
  templateVersion: 1,
  lines: [
    { key: 'cli~bed~<bed>', mode: 'readWrite', when: 'in a bed', why: 'a bed holds one encounter' },
    {
      key: 'cli~bed~<prior bed>',
      mode: 'readWrite',
      when: 'with a bed that is left',
      why: 'the bed is freed; one that is not named is found in the head',
    },
    { key: 'ctr~census:<ward>~d~<change>', mode: 'delta', when: 'on a ward', why: 'the census, for display' },
  ],
  check: checkEncounter,
  facts: (resource, references) => {
    const whereabouts = resource as LocatedEncounter;
    const { bed, priorBed, ward } = placesOf(whereabouts);
    const period = resource['period'] as Period | undefined;
    return {
      status: whereabouts.status ?? 'unknown',
      class: whereabouts.class === undefined ? undefined : codeOf(whereabouts.class),
      start: period?.start,
      end: period?.end,
      bed: references.id(bed),
      priorBed: references.id(priorBed),
      ward: references.id(ward),
    };
  },
  headFacts: ({ bed, status, ward }) => ({ bed, status, ward }),
  template: ({ facts: { bed, priorBed, ward }, changeId }) => [
    ...[...new Set([bed, priorBed])].flatMap((place): readonly DeclaredKey[] =>
      place === undefined ? [] : [{ key: bedKey(place), mode: 'readWrite' }],
    ),
    ...(ward === undefined ? [] : [{ key: censusKey(ward, changeId), mode: 'delta' } as const]),
  ],
  apply: async ({ id, facts, changeId }, state, { previous, time }) => {
    const before = previous?.isDeleted === false ? previous.facts : undefined;
    checkStatus(rule, 'Encounter.status', before?.status, facts.status);
    await moveBed(state, id, before?.bed, facts, time);
    moveCensus(state, before?.ward, facts.ward, changeId);
    return undefined;
  },
  remove: async ({ id, changeId }, state, { previous }) => {
    if (previous?.facts.bed !== undefined) await leaveBed(state, previous.facts.bed, id);
    moveCensus(state, previous?.facts.ward, undefined, changeId);
  },
};

async function moveBed(
  state: State,
  id: string,
  from: string | undefined,
  { bed, priorBed }: EncounterFacts,
  time: string,
): Promise<void> {
  if (from === bed) return;
  if (from !== undefined && priorBed !== undefined && priorBed !== from) {
    throw reject('WRONG_POINTER', 'the location that the message says was left is not the bed of this encounter', {
      expression: 'Encounter.location',
    });
  }
  if (bed !== undefined) await takeBed(state, bed, id, time);
  if (from !== undefined) await leaveBed(state, from, id);
}

function checkEncounter(resource: FhirResource): readonly RefusalIssue[] {
  const { period, statusHistory = [] } = resource as {
    readonly period?: Period;
    readonly statusHistory?: readonly { readonly period: Period }[];
  };
  const issues = [...periodIssues(period, 'Encounter.period')];
  for (const [index, { period: one }] of statusHistory.entries()) {
    const at = `Encounter.statusHistory[${index}].period`;
    issues.push(...periodIssues(one, at));
    const next = statusHistory[index + 1]?.period;
    const overlaps =
      one.end !== undefined &&
      next?.start !== undefined &&
      one.start !== undefined &&
      isBefore(one.start, next.start) &&
      isBefore(next.start, one.end);
    if (overlaps)
      issues.push(
        issue('invariant', at, 'The next status begins before this one ends; an encounter has one status at a time.'),
      );
  }
  return issues;
}
