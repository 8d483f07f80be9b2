import type { FuncCall, Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { typeOf } from './inference.ts';
import { microsPerDay } from './interval-text.ts';
import { castTo, constant, operator } from './node-builders.ts';
import { momentSeparator } from './proxy-computation.ts';
import { timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { typedValue, untypedText } from './typed-constants.ts';

/** The node as a call of age(), if it is one. */
export function ageOf(node: Node | undefined): FuncCall | undefined {
  const call = bodyOf(node, 'FuncCall');
  const words = namesOf(call?.funcname);
  return words.at(-1) === 'age' && (words.length === 1 || words[0] === 'pg_catalog') ? call : undefined;
}

/** Prints age(to, from) as the text `to|from`, from which the proxy computes the interval; undefined for any other node. */
export function agePair(p: Printing, node: Node | undefined, scope: Scope): Node | undefined {
  const call = ageOf(node);
  if (call === undefined) return undefined;
  const [first, second, ...more] = call.args ?? [];
  const momentOf = (moment: Node | undefined): Node => {
    if (untypedText(moment) !== undefined) return castTo('timestamp', moment);
    const type = typeOf(p, moment, scope);
    if (moment === undefined || !timeTypes.has(type))
      return refuse('age() of something of unknown type', call.location, 'Cast it.');
    return type === 'timestamptz' ? castTo('timestamp', moment) : moment;
  };
  if (more.length > 0) return refuse('this age()', call.location);
  const to: Node = second === undefined ? { SQLValueFunction: { op: 'SVFOP_CURRENT_DATE' } } : momentOf(first);
  return operator('||', operator('||', to, constant(momentSeparator)), momentOf(second ?? first));
}

/** Refuses age() where the proxy cannot compute it. */
export const refuseAge = (location?: number): never =>
  refuse(
    'age() here',
    location,
    'It is translated as a column of the result, beside another interval, and inside extract(year | month | day from ...).',
  );

/** extract(field from age(to, from)): whole years, months beyond them, and days beyond those, as birthdays count them. */
export function printAgeField(p: Printing, field: string, call: FuncCall, scope: Scope, location?: number): string {
  const { months, micros } = ageParts(p, call, scope, location);
  switch (field) {
    case 'year':
      return `((${months}) \\ 12)`;
    case 'month':
      return `MOD(${months}, 12)`;
    case 'day':
      return `((${micros}) \\ ${microsPerDay})`;
    default:
      return refuse(
        `extract(${field}) from age()`,
        location,
        'Extract year, month or day, or subtract one timestamp from the other.',
      );
  }
}

/** Whole months from one moment to another, and the microseconds beyond them: of the earlier month are the days that are borrowed. */
export function ageParts(
  p: Printing,
  { args: [first, second] = [] }: FuncCall,
  scope: Scope,
  location?: number,
): { readonly months: string; readonly micros: string } {
  const moment = (node: Node | undefined): string => {
    const type = typeOf(p, node, scope);
    if (untypedText(node) !== undefined) return typedValue(p, node, 'timestamp') ?? p.value(node, scope);
    if (!timeTypes.has(type)) return refuse('age() of something of unknown type', location, 'Cast it.');
    return type === 'date' ? `CAST(${p.value(node, scope)} AS TIMESTAMP)` : p.value(node, scope);
  };
  const to = second === undefined ? 'CAST(CURRENT_DATE AS TIMESTAMP)' : moment(first);
  const from = moment(second ?? first);
  // Whole months from the earlier to the later timestamp: a month is complete once its day and time are reached.
  const isShort = (later: string, earlier: string): string => `${inMonth(later)} < ${inMonth(earlier)}`;
  const months = (later: string, earlier: string): string =>
    `(DATEDIFF('month', ${earlier}, ${later}) - CASE WHEN ${isShort(later, earlier)} THEN 1 ELSE 0 END)`;
  const micros = (later: string, earlier: string): string =>
    `(${inMonth(later)} - ${inMonth(earlier)} + CASE WHEN ${isShort(later, earlier)} THEN ${monthOf(earlier)} ELSE 0 END)`;
  const either = (of: (later: string, earlier: string) => string): string =>
    `CASE WHEN ${to} >= ${from} THEN ${of(to, from)} ELSE -${of(from, to)} END`;
  return { months: either(months), micros: either(micros) };
}

const monthStart = (moment: string): string =>
  `DATEADD('day', 1 - DATEPART('day', ${moment}), CAST(CAST(${moment} AS DATE) AS TIMESTAMP))`;

/** Microseconds since the beginning of the month. */
const inMonth = (moment: string): string => `DATEDIFF('microsecond', ${monthStart(moment)}, ${moment})`;

/** How many the whole month has. */
const monthOf = (moment: string): string =>
  `(DATEDIFF('day', ${monthStart(moment)}, DATEADD('month', 1, ${monthStart(moment)})) * ${microsPerDay})`;
