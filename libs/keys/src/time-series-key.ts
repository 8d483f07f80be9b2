import type { StateKey } from './declared-key.ts';
import { familyLetters, familyParts } from './family.ts';
import { type KeyRange, type KeySpace, prefixRange, stateKey } from './state-key.ts';
import { decodeTime, encodeTime } from './time-text.ts';

/** One reading: its subject, code, time and id. Two readings at one instant differ by `id`, so both are kept. */
export interface TimeSeriesPoint {
  readonly space: KeySpace;
  readonly entity: string;
  /** Subject of the series: a pseudonym, device or account. */
  readonly subject: string;
  /** What was measured, e.g. a LOINC code. */
  readonly code: string;
  /** FHIR date or dateTime of any precision and offset. */
  readonly time: string;
  readonly id: string;
}

/**
 * A window of a series: from `from` (inclusive) to `to` (exclusive), each a FHIR date or dateTime; a partial date means
 * its start.
 */
export interface TimeSeriesWindow {
  readonly space: KeySpace;
  readonly entity: string;
  readonly subject: string;
  readonly code: string;
  readonly from?: string;
  readonly to?: string;
}

/**
 * Key of one reading, ordered by time within subject and code: a late reading gets its right place, and a time window
 * is one range.
 * @throws CodedError INVALID_TIME
 */
export function timeSeriesKey({ space, entity, subject, code, time, id }: TimeSeriesPoint): StateKey {
  return stateKey(space, entity, familyLetters.timeSeries, subject, code, encodeTime(time), id);
}

/** The inverse of `timeSeriesKey`, with the time in UTC; undefined for other keys. */
export function parseTimeSeriesKey(key: string): TimeSeriesPoint | undefined {
  const found = familyParts(key, 'timeSeries', 4);
  if (found === undefined) return undefined;
  const [subject = '', code = '', encoded = '', id = ''] = found.parts;
  const time = decodeTime(encoded);
  return time === undefined ? undefined : { space: found.space, entity: found.entity, subject, code, time, id };
}

/**
 * Range of a window of one series; without `from` and `to` the whole series.
 * @throws CodedError INVALID_TIME
 */
export function timeSeriesRange({ space, entity, subject, code, from, to }: TimeSeriesWindow): KeyRange {
  const whole = prefixRange(space, entity, familyLetters.timeSeries, subject, code);
  return {
    start: from === undefined ? whole.start : whole.start + encodeTime(from),
    end: to === undefined ? whole.end : whole.start + encodeTime(to),
  };
}
