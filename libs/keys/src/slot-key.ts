import type { StateKey } from './declared-key.ts';
import { familyLetters, familyParts } from './family.ts';
import { type KeyRange, prefixRange, stateKey } from './state-key.ts';
import { decodeTime, encodeTime } from './time-text.ts';

/** A bookable slot of a calendar. */
export interface SlotOfSchedule {
  /** Id of the schedule. */
  readonly schedule: string;
  /** Start as a FHIR date or dateTime; one instant is one slot, whatever its offset. */
  readonly start: string;
}

/**
 * Key of one slot. Bookings of different slots have different keys; of two bookings of one slot the first in order
 * wins.
 * @throws CodedError INVALID_TIME
 */
export function slotKey({ schedule, start }: SlotOfSchedule): StateKey {
  return stateKey('scheduling', 'slot', familyLetters.slot, schedule, encodeTime(start));
}

/** The inverse of `slotKey`, the start in UTC; undefined for other keys. */
export function parseSlotKey(key: string): SlotOfSchedule | undefined {
  const found = familyParts(key, 'slot', 2);
  if (found?.space !== 'scheduling' || found.entity !== 'slot') return undefined;
  const [schedule = '', encoded = ''] = found.parts;
  const start = decodeTime(encoded);
  return start === undefined ? undefined : { schedule, start };
}

/**
 * Range of a schedule's slots from `from` (inclusive) to `to` (exclusive).
 * @throws CodedError INVALID_TIME
 */
export function slotRange(of: { readonly schedule: string; readonly from?: string; readonly to?: string }): KeyRange {
  const whole = prefixRange('scheduling', 'slot', familyLetters.slot, of.schedule);
  return {
    start: of.from === undefined ? whole.start : whole.start + encodeTime(of.from),
    end: of.to === undefined ? whole.end : whole.start + encodeTime(of.to),
  };
}
