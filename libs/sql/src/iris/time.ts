import type { A_Expr, Node } from 'libpg-query';
import { constantText, namesOf } from '../ast.ts';
import { ageOf, printAgeField } from './age.ts';
import { operand } from './expression.ts';
import { isOfOther, isOpenParameter, isUntypedConstant, inferType, typeOf } from './inference.ts';
import { daysSinceMonday, isoDay, isoWeek, isoYear } from './iso-week.ts';
import { integerTypes, timeTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { momentOfTime, movedMoment, printSpan, printSpanField, spanOf, timeOf } from './span.ts';
import { textOperand } from './text-operand.ts';
import { typedValue } from './typed-constants.ts';

/** Prints sums and differences of timestamps, dates and intervals. */
export function printTimeArithmetic(p: Printing, expression: A_Expr, scope: Scope): string {
  const { name, lexpr, rexpr, location } = expression;
  const operator = namesOf(name).at(-1) ?? '';
  const types = [typeOf(p, lexpr, scope), typeOf(p, rexpr, scope)] as const;
  if (typeOf(p, { A_Expr: expression }, scope) === 'interval') return printSpan(p, { A_Expr: expression }, scope);
  if (operator !== '+' && operator !== '-') return refuse(`${operator} with a time`, location);
  if (operator === '-' && isDay(p, lexpr, rexpr, scope) && isDay(p, rexpr, lexpr, scope))
    return `DATEDIFF('day', ${dayOf(p, rexpr, scope)}, ${dayOf(p, lexpr, scope)})`;
  const isSwapped = operator === '+' && !timeTypes.has(types[0]) && types[0] !== 'time';
  const [base, other] = isSwapped ? [rexpr, lexpr] : [lexpr, rexpr];
  const [from, by] = isSwapped ? [types[1], types[0]] : types;
  if (
    by === 'interval' ||
    (operator === '+' && (isUntypedConstant(other) || (from !== 'date' && isOpenParameter(p, other))))
  ) {
    if (from === 'time')
      return `CAST(${movedMoment(momentOfTime(p.value(base, scope)), timeOf(spanOf(p, other, scope)), operator === '-')} AS TIME)`;
    if (!timeTypes.has(from)) return refuse('an interval added to something of unknown type', location, 'Cast it.');
    const start = from === 'date' ? `CAST(${p.value(base, scope)} AS TIMESTAMP)` : p.value(base, scope);
    return movedMoment(start, spanOf(p, other, scope), operator === '-');
  }
  if (operator === '+' && types.includes('date') && types.includes('time')) {
    const [day, time] = types[0] === 'date' ? [lexpr, rexpr] : [rexpr, lexpr];
    return momentOfTime(p.value(time, scope), textOperand(p, day, scope));
  }
  if (from !== 'date')
    return refuse('arithmetic with times', location, 'Intervals can be added, and timestamps subtracted.');
  if (!integerTypes.has(by)) return refuse('arithmetic with dates', location, 'A number of days is translated.');
  const days = operand(p, other, scope);
  return `CAST(DATEADD('day', ${operator === '-' ? `-(${days})` : days}, ${p.value(base, scope)}) AS DATE)`;
}

const fields: Readonly<Record<string, string>> = {
  year: 'year', month: 'month', day: 'day', hour: 'hour', minute: 'minute', quarter: 'quarter', doy: 'dayofyear',
}; // prettier-ignore

/** Fields of extract() that are not supported for all types. */
const otherFields: ReadonlySet<string> = new Set([
  'epoch', 'second', 'milliseconds', 'microseconds', 'week', 'isodow', 'isoyear', 'dow', 'decade', 'century', 'millennium', 'julian',
  'timezone', 'timezone_hour', 'timezone_minute',
]); // prettier-ignore

/** Whether an operand is a date, or is converted to one beside it. */
const isDay = (p: Printing, node: Node | undefined, other: Node | undefined, scope: Scope): boolean =>
  typeOf(p, node, scope) === 'date' || (isOfOther(p, node) && typeOf(p, other, scope) === 'date');

function dayOf(p: Printing, node: Node | undefined, scope: Scope): string {
  if (!isOfOther(p, node)) return p.value(node, scope);
  inferType(p, node, 'date');
  return typedValue(p, node, 'date') ?? p.value(node, scope);
}

/** Synonyms of units in PostgreSQL: `mins`, `yr`, `msec`. */
const otherNames: readonly (readonly [unit: string, names: RegExp])[] = [
  ['microseconds', /^(?:us|usecs?|useconds?|microsecond)$/],
  ['milliseconds', /^(?:ms|msecs?|mseconds?|millisecond)$/],
  ['second', /^(?:s|secs?|seconds)$/],
  ['minute', /^(?:m|mins?|minutes)$/],
  ['hour', /^(?:h|hrs?|hours)$/],
  ['day', /^(?:d|days)$/],
  ['week', /^(?:w|weeks)$/],
  ['month', /^(?:mons?|months)$/],
  ['quarter', /^qtr$/],
  ['year', /^(?:y|yrs?|years)$/],
  ['decade', /^(?:decs?|decades)$/],
  ['century', /^(?:c|cent|centuries)$/],
  ['millennium', /^(?:mils?|millennia)$/],
];

/** The canonical name of a unit. */
function unitOf(text: string | undefined): string {
  const word = (text ?? '').toLowerCase();
  return otherNames.find(([, names]) => names.test(word))?.[0] ?? word;
}

/** Microseconds of the units that are fractions of a minute. */
const perUnitOfMinute: Readonly<Record<string, number>> = { second: 1_000_000, milliseconds: 1_000, microseconds: 1 };

const yearOf = (value: string): string => `DATEPART('year', ${value})`;

/** Fields by ISO week, and of years; IRIS has no years BC. */
const isoFields: Readonly<Record<string, (value: string) => string>> = {
  isodow: isoDay,
  week: isoWeek,
  isoyear: isoYear,
  decade: (value) => `(${yearOf(value)} \\ 10)`,
  century: (value) => `((${yearOf(value)} + 99) \\ 100)`,
  millennium: (value) => `((${yearOf(value)} + 999) \\ 1000)`,
};

/** extract(field from x), date_part('field', x) */
export function printExtract(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [fieldNode, source] = args;
  const field = unitOf(constantText(fieldNode));
  const age = ageOf(source);
  if (age !== undefined) return printAgeField(p, field, age, scope, location);
  const type = typeOf(p, source, scope);
  if (type === 'interval') return printSpanField(p, field, source, scope, location);
  if (!timeTypes.has(type) && type !== 'time')
    return refuse('extract from something of unknown type', location, 'Cast it.');
  const value = p.value(source, scope);
  if (field === 'epoch' && type === 'date')
    return `DATEDIFF('second', '1970-01-01 00:00:00', CAST(${value} AS TIMESTAMP))`;
  if (field === 'epoch' && type !== 'time')
    return `(DATEDIFF('microsecond', '1970-01-01 00:00:00', ${value}) / 1000000)`;
  const iso = isoFields[field];
  if (iso !== undefined && type !== 'time') return iso(value);
  const size = perUnitOfMinute[field];
  // Seconds have a fraction in PostgreSQL, which DATEPART omits.
  if (size !== undefined && (type === 'timestamp' || type === 'timestamptz'))
    return `(DATEDIFF('microsecond', ${printMinute(value, startOfDay(value))}, ${value}) / ${size})`;
  if (field === 'dow') return `(DATEPART('weekday', ${value}) - 1)`; // 0 is Sunday; in IRIS 1 is
  const part = fields[field];
  if (type === 'date' && (field === 'hour' || field === 'minute'))
    return refuse(`extract(${field}) from a date`, location, 'Cast it to timestamp.');
  if (part === undefined && !otherFields.has(field)) throw noUnit(field, type === 'date' ? 'timestamp' : type);
  return part === undefined ? refuse(`extract(${field})`, location) : `DATEPART('${part}', ${value})`;
}

const startOfDay = (value: string): string => `CAST(CAST(${value} AS DATE) AS TIMESTAMP)`;

const printMinute = (value: string, day: string): string =>
  `DATEADD('minute', DATEPART('minute', ${value}), DATEADD('hour', DATEPART('hour', ${value}), ${day}))`;

/** date_trunc('unit', x) */
export function printTruncated(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [unitNode, source, zone] = args;
  const written = constantText(unitNode);
  if (written === undefined) return refuse('date_trunc to a unit that is not a constant', location);
  const unit = unitOf(written);
  const type = typeOf(p, source, scope);
  if (!timeTypes.has(type) || zone !== undefined)
    return refuse('date_trunc of this', location, 'Cast it to timestamp.');
  const value = p.value(source, scope);
  const day = startOfDay(value);
  const month = `DATEADD('day', 1 - DATEPART('day', ${value}), ${day})`;
  switch (unit) {
    case 'day':
      return day;
    case 'week':
      return `DATEADD('day', -${daysSinceMonday(value)}, ${day})`;
    case 'month':
      return month;
    case 'quarter':
      return `DATEADD('month', -MOD(DATEPART('month', ${value}) - 1, 3), ${month})`;
    case 'year':
      return `DATEADD('day', 1 - DATEPART('dayofyear', ${value}), ${day})`;
    case 'hour':
      return `DATEADD('hour', DATEPART('hour', ${value}), ${day})`;
    case 'minute':
      return printMinute(value, day);
    case 'second':
      return `DATEADD('second', ROUND(DATEPART('second', ${value}), 0, 1), ${printMinute(value, day)})`;
    case 'milliseconds':
      return `DATEADD('microsecond', -MOD(DATEDIFF('microsecond', ${day}, ${value}), 1000), ${value})`;
    case 'microseconds':
      return value;
    default:
      return printEra(unit, value, type);
  }
}

/** Years since the start of the decade, century or millennium; the latter two begin with year 1. */
const yearsSince: Readonly<Record<string, (year: string) => string>> = {
  decade: (year) => `MOD(${year}, 10)`,
  century: (year) => `MOD(${year} - 1, 100)`,
  millennium: (year) => `MOD(${year} - 1, 1000)`,
};

/** @throws Refusal 22023 unknown unit */
function printEra(unit: string, value: string, type: PgType | undefined): string {
  const years = yearsSince[unit];
  if (years !== undefined)
    return `DATEADD('year', -${years(yearOf(value))}, DATEADD('day', 1 - DATEPART('dayofyear', ${value}), ${startOfDay(value)}))`;
  throw noUnit(unit, type);
}

function noUnit(unit: string, type: PgType | undefined): Refusal {
  const zone = type === 'timestamp' ? 'without' : 'with'; // a date becomes timestamptz
  const shown = /^[a-z]+$/.test(unit) ? unit : '...';
  return new Refusal(`unit "${shown}" not recognized for type timestamp ${zone} time zone`, {
    sqlstate: '22023',
    isPlaceless: true,
  });
}
