import { CodedError } from '@medrex/coded-error';
import { keysErrors } from './errors.ts';

const dateTime = /^(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d):(\d\d)(?:\.(\d+))?(?:Z|([+-])(\d\d):(\d\d)))?)?)?$/;
const encoded = /^(\d{4}|A000)-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d*[1-9]))?-$/;

interface Instant {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly minuteOfDay: number;
  /** 60 is a leap second. */
  readonly second: number;
  /** Digits after the point, without trailing zeros. */
  readonly fraction: string;
}

/**
 * Encodes a FHIR R4 date or dateTime as text that sorts by instant: UTC, `2024-03-01T10:15:30.25-`. Equal instants with
 * other offsets or trailing zeros give equal text; a partial date is encoded as its start in UTC. The closing `-` sorts
 * below every digit and the point, so a shorter fraction comes first whatever follows in the key.
 * @param time years 0001 to 9999; any number of fraction digits; offsets up to 14:00; second 60 sorts between 59 and
 * the next minute
 * @throws CodedError INVALID_TIME
 */
export function encodeTime(time: string): string {
  const instant = parseDateTime(time);
  if (instant === undefined) {
    // The text may be anything, even a name, so it is not quoted.
    throw new CodedError(keysErrors.INVALID_TIME, `a text of ${time.length} characters is no FHIR date or dateTime`);
  }
  const { year, month, day, minuteOfDay, second, fraction } = instant;
  const clock = `${two(Math.floor(minuteOfDay / 60))}:${two(minuteOfDay % 60)}:${two(second)}`;
  // Only the last hours of 9999 west of Greenwich are in year 10000. Hexadecimal A keeps it four characters wide and
  // after 9999.
  const yearText = year === 10_000 ? 'A000' : String(year).padStart(4, '0');
  return `${yearText}-${two(month)}-${two(day)}T${clock}${fraction === '' ? '' : '.' + fraction}-`;
}

/** Whether `encodeTime` accepts a text. */
export function isTime(time: string): boolean {
  return parseDateTime(time) !== undefined;
}

/**
 * An encoded time as a FHIR dateTime that encodes to the same text (in UTC if FHIR allows it); undefined for other
 * text.
 */
export function decodeTime(text: string): string | undefined {
  const match = encoded.exec(text);
  if (match === null) return undefined;
  const [, year = '', month, day, hour, minute, second, fraction] = match;
  const rest = `:${minute ?? ''}:${second ?? ''}${fraction === undefined ? '' : '.' + fraction}`;
  const time =
    year === '0000'
      ? `0001-01-01T${two(Number(hour) - 10)}${rest}+14:00`
      : year === 'A000'
        ? `9999-12-31T${two(Number(hour) + 10)}${rest}-14:00`
        : `${year}-${month ?? ''}-${day ?? ''}T${hour ?? ''}${rest}Z`;
  return isTime(time) && encodeTime(time) === text ? time : undefined;
}

const two = (value: number): string => String(value).padStart(2, '0');

function parseDateTime(time: string): Instant | undefined {
  const match = dateTime.exec(time);
  if (match === null) return undefined;
  const [, year, month = '01', day = '01', hour = '00', minute = '00', second = '00', fraction = '', sign, ...offset] =
    match;
  const [offsetHour = '00', offsetMinute = '00'] = offset;
  const local = { year: Number(year), month: Number(month), day: Number(day), second: Number(second) };
  const offsetMinutes = Number(offsetHour) * 60 + Number(offsetMinute);
  if (!isDay(local) || Number(hour) > 23 || Number(minute) > 59 || local.second > 60) return undefined;
  if (Number(offsetMinute) > 59 || offsetMinutes > 14 * 60) return undefined;
  const minutes = Number(hour) * 60 + Number(minute) + (sign === '-' ? offsetMinutes : -offsetMinutes);
  return { ...shifted(local, minutes), second: local.second, fraction: fraction.replace(/0+$/, '') };
}

interface Day {
  readonly year: number;
  readonly month: number;
  readonly day: number;
}

function isDay({ year, month, day }: Day): boolean {
  return year >= 1 && month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
}

/** Days in a month of the proleptic Gregorian calendar, which FHIR and ISO 8601 use for all years. */
function daysIn(year: number, month: number): number {
  if (month === 2) return (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0 ? 29 : 28;
  return [4, 6, 9, 11].includes(month) ? 30 : 31;
}

/**
 * The day and minute in UTC; `minutes` may be up to a day before or after. Date is not used because it reads years
 * below 100 as 19xx.
 */
function shifted({ year, month, day }: Day, minutes: number): Day & { readonly minuteOfDay: number } {
  if (minutes >= 1440) {
    const next = { year, month, day: day + 1, minuteOfDay: minutes - 1440 };
    if (day < daysIn(year, month)) return next;
    return month < 12 ? { ...next, month: month + 1, day: 1 } : { ...next, year: year + 1, month: 1, day: 1 };
  }
  if (minutes >= 0) return { year, month, day, minuteOfDay: minutes };
  const before = { year, month, day: day - 1, minuteOfDay: minutes + 1440 };
  if (day > 1) return before;
  return month > 1
    ? { ...before, month: month - 1, day: daysIn(year, month - 1) }
    : { ...before, year: year - 1, month: 12, day: 31 };
}
