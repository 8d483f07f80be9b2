import type { Node } from 'libpg-query';
import { bodyOf, constantText } from '../ast.ts';
import { operand } from './expression.ts';
import { isUntypedConstant, inferType, typeOf } from './inference.ts';
import { microsPerSecond } from './interval-text.ts';
import { integerTypes, numberTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { movedMoment, printSpan } from './span.ts';
import { typedValue } from './typed-constants.ts';

/** make_date(year, month, day), make_timestamp(year, month, day, hour, minute, second); only for days that every month has. */
export function printMakeTimestamp(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [year, month, day, ...clock] = args;
  const [months, days] = [Number(constantText(month)), Number(constantText(day))];
  if (!Number.isInteger(months) || !Number.isInteger(days) || months < 1 || months > 12 || days < 1 || days > 28)
    return refuse(
      'make_date or make_timestamp of 29 February, or of a day that is not a constant',
      location,
      'Write it as text, and cast it.',
    );
  const [hour = 0, minute = 0, second = 0] = clock.map((each) => Number(constantText(each)));
  const isClock = Number.isInteger(hour) && Number.isInteger(minute) && Number.isInteger(second);
  if (!isClock || hour > 23 || minute > 59 || second > 59 || Math.min(hour, minute, second) < 0)
    return refuse('a time that is not a constant, or has a fraction of a second', location);
  inferType(p, year, 'int4');
  const isYear = integerTypes.has(typeOf(p, year, scope)) || bodyOf(year, 'ParamRef') !== undefined;
  if (!isYear) return refuse('a year that is no integer', location);
  if (Number(constantText(year) ?? 1) < 1)
    return refuse('a year before Christ', location, 'Write the day as text, and cast it.');
  const two = (value: number): string => String(value).padStart(2, '0');
  const start = `2000-${two(months)}-${two(days)} ${two(hour)}:${two(minute)}:${two(second)}`;
  const years = `12 * (${operand(p, year, scope)} - 2000)`;
  const moment = movedMoment(
    `CAST(${p.marks.string(start)} AS TIMESTAMP)`,
    { months: years, days: 0, seconds: 0, micros: 0 },
    false,
  );
  return clock.length === 0 ? `CAST(${moment} AS DATE)` : moment;
}

/** to_timestamp(seconds since 1970) */
export function printMomentOfSeconds(p: Printing, seconds: Node | undefined, scope: Scope, location?: number): string {
  const type = typeOf(p, seconds, scope);
  if (!numberTypes.has(type)) return refuse('to_timestamp of a value that is not a number', location, 'Cast it.');
  const count = operand(p, seconds, scope);
  const span = integerTypes.has(type)
    ? { months: 0, days: 0, seconds: count, micros: 0 }
    : { months: 0, days: 0, seconds: 0, micros: `ROUND(${count} * ${microsPerSecond}, 0)` };
  return movedMoment(`CAST(${p.marks.string('1970-01-01 00:00:00')} AS TIMESTAMP)`, span, false);
}

/** date_bin(stride, timestamp, origin) */
export function printBin(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [stride, moment, origin] = args;
  const size = Number(printSpan(p, stride, scope));
  const type = typeOf(p, moment, scope);
  if (!Number.isSafeInteger(size) || size <= 0)
    return refuse('date_bin by something other than a positive constant', location);
  if (type !== 'timestamp' && type !== 'timestamptz')
    return refuse('date_bin of this', location, 'Cast it to timestamp.');
  const start = typedValue(p, origin, type) ?? p.value(origin, scope);
  if (!isUntypedConstant(origin) && typeOf(p, origin, scope) !== type)
    return refuse('date_bin from this origin', location);
  const micros = `DATEDIFF('microsecond', ${start}, ${p.value(moment, scope)})`;
  return `DATEADD('microsecond', ${size} * FLOOR(${micros} / ${size}), ${start})`;
}
