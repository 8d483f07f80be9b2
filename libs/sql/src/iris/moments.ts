import type { PgType } from './pg-type.ts';
import { Refusal } from './refusal.ts';

const form =
  /^(\d{4}-\d\d-\d\d)(?:[ T]((?:[01]\d|2[0-3]):[0-5]\d)(?::([0-5]\d))?(\.\d{1,6})?)? ?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * A constant that stands for a day or a moment, as IRIS keeps it: what is compared there is text, so that another notation would be
 * another moment. In UTC for timestamptz; a zone says nothing of a timestamp. @throws Refusal 22007, 22008
 */
export function momentText(type: PgType, text: string, location?: number): string {
  const [, day, clock = '00:00', seconds = '00', fraction = '', zone] = form.exec(text.trim()) ?? [];
  if (day === undefined) throw new Refusal(problem(type), { sqlstate: '22007', location });
  const written = Date.parse(`${day}T${clock}:${seconds}Z`);
  if (Number.isNaN(written) || !new Date(written).toISOString().startsWith(day))
    throw new Refusal(problem(type), { sqlstate: '22008', location });
  if (type === 'date') return day;
  const moment = new Date(type === 'timestamptz' ? written - minutesOf(zone) * 60_000 : written);
  return moment.toISOString().slice(0, 19).replace('T', ' ') + fraction.replace(/\.?0+$/, '');
}

const problem = (type: PgType): string =>
  `invalid input syntax for type ${type}, or a notation that IRIS does not read`;

/** East of Greenwich. */
function minutesOf(zone: string | undefined): number {
  const [, sign, hours = '0', minutes = '0'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone ?? '') ?? [];
  const size = Number(hours) * 60 + Number(minutes);
  return sign === '-' ? -size : size;
}
