import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { integerTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

interface Interval {
  readonly count: number;
  readonly unit: string;
}

/** IRIS has no INTERVAL: a constant one becomes counts of units. */
export function intervalOf(node: Node | undefined): { readonly parts: readonly Interval[] | undefined } | undefined {
  const cast = bodyOf(node, 'TypeCast');
  if (cast === undefined || namesOf(cast.typeName?.names).at(-1) !== 'interval') return undefined;
  const text = cast.typeName?.typmods === undefined ? constantText(cast.arg) : undefined;
  return { parts: text === undefined ? undefined : intervalParts(text) };
}

type Counted = Readonly<Partial<Record<'month' | 'day' | 'second', number>>>;

const units: Readonly<Record<string, Counted>> = {
  year: { month: 12 },
  month: { month: 1 },
  week: { day: 7 },
  day: { day: 1 },
  hour: { second: 3_600 },
  minute: { second: 60 },
  second: { second: 1 },
};

function intervalParts(text: string): readonly Interval[] | undefined {
  const words = text.trim().split(/\s+/);
  if (words.length === 0 || words.length % 2 === 1) return undefined;
  const parts: Interval[] = [];
  for (let place = 0; place < words.length; place += 2) {
    const unit = words[place + 1]?.toLowerCase().replace(/s$/, '') ?? '';
    const count = Number(words[place]);
    if (!Object.hasOwn(units, unit) || !Number.isInteger(count)) return undefined;
    parts.push({ count, unit });
  }
  return parts;
}

/** Sums and differences of points in time, days and intervals. */
export function printTimeArithmetic(p: Printing, { name, lexpr, rexpr, location }: A_Expr, scope: Scope): string {
  const operator = namesOf(name).at(-1) ?? '';
  if (operator !== '+' && operator !== '-') return refuse(`${operator} with a time`, location);
  const isSwapped = operator === '+' && (intervalOf(lexpr) !== undefined || integerTypes.has(typeOf(p, lexpr, scope)));
  const [base, other] = isSwapped ? [rexpr, lexpr] : [lexpr, rexpr];
  const interval = intervalOf(other);
  const sign = operator === '-' ? -1 : 1;
  if (interval !== undefined) return addInterval(p, base, interval.parts, sign, scope, location);
  const [from, by] = [typeOf(p, base, scope), typeOf(p, other, scope)];
  if (from !== 'date') return refuse('arithmetic with times', location, 'A constant interval is translated.');
  if (operator === '-' && by === 'date') return `DATEDIFF('day', ${p.value(other, scope)}, ${p.value(base, scope)})`;
  if (!integerTypes.has(by)) return refuse('arithmetic with dates', location, 'A number of days is translated.');
  const days = operand(p, other, scope);
  return `CAST(DATEADD('day', ${sign < 0 ? `-(${days})` : days}, ${p.value(base, scope)}) AS DATE)`;
}

function addInterval(
  p: Printing,
  base: Node | undefined,
  parts: readonly Interval[] | undefined,
  sign: number,
  scope: Scope,
  location?: number,
): string {
  if (parts === undefined) return refuse('an interval that is no constant of whole units', location);
  const type = typeOf(p, base, scope);
  if (!timeTypes.has(type)) return refuse('an interval added to something of unknown type', location);
  const start = type === 'date' ? `CAST(${p.value(base, scope)} AS TIMESTAMP)` : p.value(base, scope);
  // PostgreSQL adds months first, then days, then time, whatever their order in the text: and all of each at once.
  return (['month', 'day', 'second'] as const).reduce((value, unit) => {
    const count = parts.reduce((sum, part) => sum + (units[part.unit]?.[unit] ?? 0) * part.count, 0);
    return count === 0 ? value : `DATEADD('${unit}', ${sign * count}, ${value})`;
  }, start);
}

const fields: Readonly<Record<string, string>> = {
  year: 'year', month: 'month', day: 'day', hour: 'hour', minute: 'minute', quarter: 'quarter', doy: 'dayofyear',
}; // prettier-ignore

/** extract(field from x), date_part('field', x) */
export function printExtract(p: Printing, args: readonly Node[], scope: Scope, location?: number): string {
  const [fieldNode, source] = args;
  const field = constantText(fieldNode)?.toLowerCase() ?? '';
  const type = typeOf(p, source, scope);
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
      return `DATEADD('minute', DATEPART('minute', ${value}), DATEADD('hour', DATEPART('hour', ${value}), ${day}))`;
    default:
      return refuse(`date_trunc('${/^[a-z]+$/.test(unit) ? unit : '...'}')`, location);
  }
}
