import { appendOnlyKey, parseAppendOnlyKey } from './append-only-key.ts';
import { counterDeltaKey, parseCounterKey } from './counter-key.ts';
import type { AccessMode, StateKey } from './declared-key.ts';
import { ensureKey, parseEnsureKey } from './ensure-key.ts';
import { parseShardKey, shardKey } from './shard-key.ts';
import { parseSlotKey, slotKey } from './slot-key.ts';
import { parseStateKey, stateKey } from './state-key.ts';
import { parseTimeSeriesKey, timeSeriesKey } from './time-series-key.ts';

/** The families, by the names in guides, findings and metrics. */
export const familyNames = [
  'time-series',
  'append-only',
  'delta-counter',
  'sharded',
  'slot-grain',
  'ensure',
  'head',
] as const;
export type FamilyName = (typeof familyNames)[number];

/** One row of the generated key reference. */
export interface KeyFamilyDescription {
  readonly name: FamilyName;
  readonly pattern: string;
  /** How operations declare it. */
  readonly modes: readonly AccessMode[];
  readonly builder: string;
  readonly range: string;
  readonly holds: string;
  readonly conflicts: string;
  readonly notFor: string;
  readonly example: StateKey;
}

/** The purpose of each key family, in the order in which to consider them: from never in conflict to always. */
export const keyFamilies: readonly KeyFamilyDescription[] = [
  {
    name: 'time-series',
    pattern: '{space}~{entity}~t~{subject}~{code}~{time}~{id}',
    modes: ['append'],
    builder: 'timeSeriesKey',
    range: 'timeSeriesRange',
    holds:
      'Readings of one quantity of one subject in order of time, with late ones in their place: vital signs, lab values.',
    conflicts: 'Never: every reading has a key of its own, even at the same instant.',
    notFor: 'The latest value, if operations decide on it: use a head.',
    example: timeSeriesKey({
      space: 'clinical',
      entity: 'obs',
      subject: 'p1',
      code: '8867-4',
      time: '2024-05-01T10:00:00Z',
      id: 'o1',
    }),
  },
  {
    name: 'append-only',
    pattern: '{space}~{entity}~a~{subject}~{id}',
    modes: ['append'],
    builder: 'appendOnlyKey',
    range: 'appendOnlyRange',
    holds: 'Records that are written once and stay: audit events, notes, versions of a resource.',
    conflicts: 'Never, as long as the id is unique by operation.',
    notFor: 'Data that is changed in place later.',
    example: appendOnlyKey({ space: 'audit', entity: 'event', subject: 'p1', id: 'op1' }),
  },
  {
    name: 'delta-counter',
    pattern: 'ctr~{counter}~d~{opId}, base ctr~{counter}~b',
    modes: ['delta'],
    builder: 'counterDeltaKey, counterBaseKey',
    range: 'counterRange',
    holds:
      'Sums that many add to: census, totals, statistics. The value is the base plus all deltas; a compaction folds deltas in.',
    conflicts: 'Never among additions; a compaction meets only another compaction.',
    notFor: 'A limit that must hold at every moment (stock >= 0): use a shard.',
    example: counterDeltaKey('ward-7-admissions', 'op1'),
  },
  {
    name: 'ensure',
    pattern: '{space}~{entity}~e~{digest}',
    modes: ['ensure'],
    builder: 'ensureKey',
    range: 'ensureRange',
    holds: 'Things that exist once, whoever creates them: a practitioner, a location, a conditional create.',
    conflicts: 'Only until it exists; equal content commutes afterwards.',
    notFor: 'Content that changes.',
    example: ensureKey({ space: 'clinical', entity: 'practitioner', digest: '9f86d081' }),
  },
  {
    name: 'slot-grain',
    pattern: 'sch~slot~g~{schedule}~{start}',
    modes: ['readWrite'],
    builder: 'slotKey',
    range: 'slotRange',
    holds: 'One bookable piece of time. Two slots of one practitioner never meet.',
    conflicts: 'Two bookings of one slot: the first in order wins, and the second is rejected.',
    notFor: 'A rule over several slots (at most eight a day): use a head of the day.',
    example: slotKey({ schedule: 'dr-a', start: '2024-05-01T10:00:00Z' }),
  },
  {
    name: 'sharded',
    pattern: '{space}~{entity}~s~{id}~{shard}',
    modes: ['readWrite'],
    builder: 'shardKey',
    range: 'shardRange',
    holds: 'Shares of something with a limit that must hold: stock by place, a budget by department.',
    conflicts: 'Inside one shard; n shards allow n times as many operations at once.',
    notFor: 'A limit over all shards at every moment; for sums without a limit, use counters.',
    example: shardKey({ space: 'clinical', entity: 'stock', id: 'paracetamol-500', shard: 3 }),
  },
  {
    name: 'head',
    pattern: '{space}~{entity}~{part}~...',
    modes: ['read', 'readWrite', 'write'],
    builder: 'stateKey',
    range: 'prefixRange',
    holds: 'The state of one thing that operations decide on: an order, an encounter, the active orders of a patient.',
    conflicts:
      'Every change conflicts with every other operation on the key. Keep it as small as one thing of one patient.',
    notFor: 'Anything above.',
    example: stateKey('clinical', 'res', 'MedicationRequest', 'm1'),
  },
];

/** The family of a key, `head` if it has no other; undefined for keys that no builder made. */
export function familyOf(key: string): FamilyName | undefined {
  if (parseTimeSeriesKey(key) !== undefined) return 'time-series';
  if (parseAppendOnlyKey(key) !== undefined) return 'append-only';
  if (parseCounterKey(key) !== undefined) return 'delta-counter';
  if (parseEnsureKey(key) !== undefined) return 'ensure';
  if (parseSlotKey(key) !== undefined) return 'slot-grain';
  if (parseShardKey(key) !== undefined) return 'sharded';
  return parseStateKey(key) === undefined ? undefined : 'head';
}
