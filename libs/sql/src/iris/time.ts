import type { A_Expr, Node } from 'libpg-query';
import { constantText, namesOf } from '../ast.ts';
import { ageOf, printAgeField } from './age.ts';
import { operand } from './expression.ts';
import { isOpenParameter, isUntypedConstant, typeOf } from './inference.ts';
import { integerTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { movedMoment, printSpan, printSpanField, spanOf } from './span.ts';

/** Sums and differences of points in time, days and intervals. */
export function printTimeArithmetic(p: Printing, expression: A_Expr, scope: Scope): string {
  const { name, lexpr, rexpr, location } = expression;
  const operator = namesOf(name).at(-1) ?? '';
  const types = [typeOf(p, lexpr, scope), typeOf(p, rexpr, scope)] as const;
  if (typeOf(p, { A_Expr: expression }, scope) === 'interval') return printSpan(p, { A_Expr: expression }, scope);
  if (operator !== '+' && operator !== '-') return refuse(`${operator} with a time`, location);
  const isSwapped = operator === '+' && !timeTypes.has(types[0]);
  const [base, other] = isSwapped ? [rexpr, lexpr] : [lexpr, rexpr];
  const [from, by] = isSwapped ? [types[1], types[0]] : types;
  if (
    by === 'interval' ||
    (operator === '+' && (isUntypedConstant(other) || (from !== 'date' && isOpenParameter(p, other))))
  ) {
    if (!timeTypes.has(from)) return refuse('an interval added to something of unknown type', location, 'Cast it.');
    const start = from === 'date' ? `CAST(${p.value(base, scope)} AS TIMESTAMP)` : p.value(base, scope);
    return movedMoment(start, spanOf(p, other, scope), operator === '-');
  }
  if (from !== 'date')
    return refuse('arithmetic with times', location, 'An interval can be added, and a moment taken away.');
  if (operator === '-' && by === 'date') return `DATEDIFF('day', ${p.value(other, scope)}, ${p.value(base, scope)})`;
  if (!integerTypes.has(by)) return refuse('arithmetic with dates', location, 'A number of days is translated.');
  const days = operand(p, other, scope);
  return `CAST(DATEADD('day', ${operator === '-' ? `-(${days})` : days}, ${p.value(base, scope)}) AS DATE)`;
}

const fields: Readonly<Record<string, string>> = {
  year: 'year', month: 'month', day: 'day', hour: 'hour', minute: 'minute', quarter: 'quarter', doy: 'dayofyear',
}; // prettier-ignore

/** extract(field from x), date_part('field', x) */
export function printExtract(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [fieldNode, source] = args;
  const field = constantText(fieldNode)?.toLowerCase() ?? '';
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
  if (field === 'dow') return `(DATEPART('weekday', ${value}) - 1)`; // from 0 for Sunday, in IRIS from 1
  const part = fields[field];
  // Seconds have a fraction in PostgreSQL, which DATEPART leaves out.
  return part === undefined ? refuse(`extract(${field})`, location) : `DATEPART('${part}', ${value})`;
}

const printMinute = (value: string, day: string): string =>
  `DATEADD('minute', DATEPART('minute', ${value}), DATEADD('hour', DATEPART('hour', ${value}), ${day}))`;

/** date_trunc('unit', x), by what lies above the unit. */
export function printTruncated(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [unitNode, source, zone] = args;
  const unit = constantText(unitNode)?.toLowerCase() ?? '';
  const type = typeOf(p, source, scope);
  if (!timeTypes.has(type) || zone !== undefined)
    return refuse('date_trunc of this', location, 'Cast it to timestamp.');
  const value = p.value(source, scope);
  const day = `CAST(CAST(${value} AS DATE) AS TIMESTAMP)`;
  const month = `DATEADD('day', 1 - DATEPART('day', ${value}), ${day})`;
  switch (unit) {
    case 'day':
      return day;
    case 'week': // from Monday; IRIS counts Sunday as 1
      return `DATEADD('day', -MOD(DATEPART('weekday', ${value}) + 5, 7), ${day})`;
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
    default:
      return refuse(`date_trunc('${/^[a-z]+$/.test(unit) ? unit : '...'}')`, location);
  }
}
