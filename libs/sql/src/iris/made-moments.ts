import type { Node } from 'libpg-query';
import { bodyOf, constantText } from '../ast.ts';
import { operand } from './expression.ts';
import { learnType, typeOf } from './inference.ts';
import { integerTypes, textTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { movedMoment } from './span.ts';

/** make_date(year, month, day), make_timestamp(year, month, day, hour, minute, second): a day that every month of that name has. */
export function printMadeMoment(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [year, month, day, ...clock] = args;
  const [months, days] = [Number(constantText(month)), Number(constantText(day))];
  if (!Number.isInteger(months) || !Number.isInteger(days) || months < 1 || months > 12 || days < 1 || days > 28)
    return refuse('a day that not every year has, or that is no constant', location, 'Write it as text, and cast it.');
  const [hour = 0, minute = 0, second = 0] = clock.map((each) => Number(constantText(each)));
  const isClock = Number.isInteger(hour) && Number.isInteger(minute) && Number.isInteger(second);
  if (!isClock || hour > 23 || minute > 59 || second > 59 || Math.min(hour, minute, second) < 0)
    return refuse('a time that is no constant, or has a fraction', location);
  learnType(p, year, 'int4');
  const isYear = integerTypes.has(typeOf(p, year, scope)) || bodyOf(year, 'ParamRef') !== undefined;
  if (!isYear) return refuse('a year that is no integer', location);
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

/** What stands in a pattern for the same in both; names of days and months do not: PostgreSQL fills them up with blanks. */
const patternOf = (node: Node | undefined): string | undefined => {
  const text = bodyOf(node, 'A_Const')?.sval === undefined ? undefined : constantText(node);
  return text !== undefined && /^(?:YYYY|MM|DD|HH24|MI|SS|[-/:., ])+$/.test(text) ? text : undefined;
};

const aboutPatterns = 'YYYY, MM, DD, HH24, MI and SS with -, /, :, a point, a comma or a blank between are translated.';

/** to_char(moment, pattern) */
export function printToChar(p: Printing, [value, format]: readonly Node[], scope: Scope, location?: number): string {
  const type = typeOf(p, value, scope);
  const pattern = patternOf(format);
  if (!timeTypes.has(type)) return refuse('to_char of what is no date or timestamp', location);
  if (pattern === undefined) return refuse('to_char with this pattern', location, aboutPatterns);
  if (type === 'date' && /HH24|MI|SS/.test(pattern))
    return refuse('to_char of a date with a time', location, 'Cast it.');
  return `TO_CHAR(${p.value(value, scope)}, ${p.marks.string(pattern)})`;
}

/** to_date(text, pattern), to_timestamp(text, pattern) */
export function printReadMoment(
  p: Printing,
  name: 'TO_DATE' | 'TO_TIMESTAMP',
  [value, format]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  learnType(p, value, 'text');
  const pattern = patternOf(format);
  const type = typeOf(p, value, scope);
  const isText =
    type === undefined
      ? bodyOf(value, 'A_Const')?.sval !== undefined || bodyOf(value, 'ParamRef') !== undefined
      : textTypes.has(type);
  if (!isText) return refuse(`${name.toLowerCase()} of what is no text`, location);
  if (pattern === undefined) return refuse(`${name.toLowerCase()} with this pattern`, location, aboutPatterns);
  return `${name}(${p.value(value, scope)}, ${p.marks.string(pattern)})`;
}
