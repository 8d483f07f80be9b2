import { dayOf } from './cell.ts';
import { fail, notSupported } from './compiled.ts';
import { overloaded, type FixedFunctions } from './fixed-function.ts';

/** Functions of timestamps, in UTC. */
export const timeFunctions: FixedFunctions = {
  now: overloaded([[]], 'timestamptz', (_values, { nowMs }) => nowMs),
  current_date: overloaded([[]], 'date', (_values, { nowMs }) => dayOf(nowMs)),
  to_timestamp: overloaded([['float8']], 'timestamptz', ([seconds]) => Number(seconds) * 1_000),
  date_trunc: overloaded([['text', 'timestamptz']], 'timestamptz', ([unit, at]) =>
    truncated(String(unit).toLowerCase(), Number(at)),
  ),
  date_bin: overloaded([['interval', 'timestamptz', 'timestamptz']], 'timestamptz', ([stride, at, origin]) => {
    if (!(Number(stride) > 0)) fail('22023', 'stride must be greater than zero');
    return Number(origin) + Math.floor((Number(at) - Number(origin)) / Number(stride)) * Number(stride);
  }),
  to_char: overloaded([['timestamptz', 'text']], 'text', ([at, form]) => formatted(Number(at), String(form))),
};

const monthNames = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December']; // prettier-ignore
const dayNames = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];

const pad = (value: number, size = 2): string => String(value).padStart(size, '0');
const monthOf = (date: Date): string => monthNames[date.getUTCMonth()] ?? '';
const dayNameOf = (date: Date): string => dayNames[date.getUTCDay()] ?? '';
const hours12 = (date: Date): string => pad(date.getUTCHours() % 12 || 12);

/** The template patterns of to_char. */
const parts: Readonly<Record<string, (date: Date, ms: number) => string>> = {
  YYYY: (date) => pad(date.getUTCFullYear(), 4),
  YY: (date) => pad(date.getUTCFullYear() % 100),
  MM: (date) => pad(date.getUTCMonth() + 1),
  DD: (date) => pad(date.getUTCDate()),
  HH24: (date) => pad(date.getUTCHours()),
  HH12: hours12,
  HH: hours12,
  MI: (date) => pad(date.getUTCMinutes()),
  SS: (date) => pad(date.getUTCSeconds()),
  MS: (date) => pad(date.getUTCMilliseconds(), 3),
  US: (date, ms) => pad(date.getUTCMilliseconds() * 1_000 + Math.round((ms % 1) * 1_000), 6),
  AM: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  PM: (date) => (date.getUTCHours() < 12 ? 'AM' : 'PM'),
  Month: (date) => monthOf(date).padEnd(9),
  Mon: (date) => monthOf(date).slice(0, 3),
  Day: (date) => dayNameOf(date).padEnd(9),
  Dy: (date) => dayNameOf(date).slice(0, 3),
  ID: (date) => String(date.getUTCDay() || 7),
  D: (date) => String(date.getUTCDay() + 1),
  Q: (date) => String(Math.floor(date.getUTCMonth() / 3) + 1),
  TZ: () => 'UTC',
  OF: () => '+00',
};
const word = /"([^"]*)"|YYYY|YY|MM|MI|MS|Month|Mon|DD|Day|Dy|D|HH24|HH12|HH|SS|US|AM|PM|ID|Q|TZ|OF|[A-Za-z]+/g;

/** to_char. @throws Refusal 0A000 the template has an unsupported pattern */
function formatted(at: number, form: string): string {
  const date = new Date(Math.floor(at));
  return form.replaceAll(word, (found, literal: string | undefined) => {
    if (literal !== undefined) return literal;
    const part = Object.hasOwn(parts, found) ? parts[found] : undefined;
    return part === undefined ? notSupported(`"${found}" in to_char`) : part(date, at);
  });
}

const unitsMs: Readonly<Record<string, number>> = {
  microsecond: 0.001,
  millisecond: 1,
  second: 1_000,
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
};

function truncated(unit: string, at: number): number {
  const date = new Date(at);
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  if (unit === 'year') return Date.UTC(year, 0);
  if (unit === 'quarter') return Date.UTC(year, month - (month % 3));
  if (unit === 'month') return Date.UTC(year, month);
  if (unit === 'week') return Date.UTC(year, month, date.getUTCDate() - ((date.getUTCDay() + 6) % 7));
  const ms = unitsMs[unit.replace(/s$/, '')];
  if (ms === undefined) return fail('22023', 'unit for date_trunc is not recognized');
  return Math.floor(at / ms) * ms;
}

export function extracted(field: string, value: number, isInterval: boolean): number {
  const date = new Date(value);
  switch (field) {
    case 'epoch':
      return value / 1_000;
    case 'millisecond':
    case 'milliseconds':
      return (value % 60_000) % 60_000;
    case 'second':
    case 'seconds':
      return (value % 60_000) / 1_000;
    case 'minute':
      return Math.trunc(value / 60_000) % 60;
    case 'hour':
      return Math.trunc(value / 3_600_000) % 24;
    case 'day':
      return isInterval ? Math.trunc(value / 86_400_000) : date.getUTCDate();
    case 'dow':
      return date.getUTCDay();
    case 'isodow':
      return date.getUTCDay() || 7;
    case 'doy':
      return (dayOf(value) - Date.UTC(date.getUTCFullYear(), 0)) / 86_400_000 + 1;
    case 'quarter':
      return Math.floor(date.getUTCMonth() / 3) + 1;
    case 'month':
      return date.getUTCMonth() + 1;
    case 'year':
      return date.getUTCFullYear();
    default:
      return fail('22023', 'this field of a time is not supported on tables of pg-proxy');
  }
}
