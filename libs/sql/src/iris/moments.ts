import type { PgType } from './pg-type.ts';
import { Refusal } from './refusal.ts';

const form =
  /^(\d{4}-\d\d-\d\d)(?:[ T]((?:[01]\d|2[0-3]):[0-5]\d)(?::([0-5]\d))?(\.\d{1,6})?)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * Normalizes a date or timestamp constant to the format of IRIS, which compares them as text. In UTC for timestamptz; in a timestamp, a
 * zone is ignored. @throws Refusal 22007, 22008
 */
export function momentText(type: PgType, text: string, location?: number): string {
  const [, day, clock = '00:00', seconds = '00', fraction = '', zone] = form.exec(withPlainDay(text.trim())) ?? [];
  if (day === undefined) throw new Refusal(problem(type), { sqlstate: '22007', location });
  const written = Date.parse(`${day}T${clock}:${seconds}Z`);
  if (Number.isNaN(written) || !new Date(written).toISOString().startsWith(day))
    throw new Refusal(problem(type), { sqlstate: '22008', location });
  if (type === 'date') return day;
  const moment = new Date(type === 'timestamptz' ? written - minutesOf(zone) * 60_000 : written);
  return moment.toISOString().slice(0, 19).replace('T', ' ') + fraction.replace(/\.?0+$/, '');
}

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const monthNames =
  'jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?';
const dayFirst = new RegExp(`^(?<day>\\d{1,2})[- ](?<month>${monthNames})[- ](?<year>\\d{4})(?=$|[ T])`, 'i');
const monthFirst = new RegExp(`^(?<month>${monthNames}) (?<day>\\d{1,2}),? (?<year>\\d{4})(?=$|[ T])`, 'i');
const digits = /^(?<year>\d{4})(?<month>\d\d)(?<day>\d\d)(?=$|[ T])/;
const short = /^(?<year>\d{4})-(?<month>\d{1,2})-(?<day>\d{1,2})(?=$|[ T])/;

/** Rewrites a date whose notation is unambiguous in every DateStyle to year, month and day. */
function withPlainDay(text: string): string {
  for (const notation of [short, digits, dayFirst, monthFirst]) {
    const { year = '', month = '', day = '' } = notation.exec(text)?.groups ?? {};
    if (year === '') continue;
    const number = /^\d/.test(month) ? month : String(months.indexOf(month.slice(0, 3).toLowerCase()) + 1);
    return `${year}-${number.padStart(2, '0')}-${day.padStart(2, '0')}${text.slice(notation.exec(text)?.[0].length)}`;
  }
  return text;
}

const problem = (type: PgType): string =>
  `invalid input syntax for type ${type}, or a notation that IRIS does not read`;

/** The offset in minutes east of Greenwich. */
function minutesOf(zone: string | undefined): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '') ?? [];
  const size = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -size : size;
}
