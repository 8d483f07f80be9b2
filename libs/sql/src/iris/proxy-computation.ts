import type { NumericScale } from './quotient.ts';
import type { PgType } from './pg-type.ts';
import { microsPerDay, microsPerSecond, type IntervalValue } from './interval-text.ts';

/** How the proxy computes a result from a text of IRIS, if IRIS SQL cannot express it. */
export type ProxyComputation =
  /** Texts concatenated by an aggregate, each with its number, as IRIS does not order them. */
  | {
      readonly kind: 'joined';
      readonly separator: string;
      readonly json?: 'json' | 'jsonb';
      readonly isObject?: boolean;
    }
  /** Values of a type, each as its number and `+` with the value, or `-` for NULL. */
  | {
      readonly kind: 'values';
      /** As an array, as a joined text, or as the most frequent value. */
      readonly as: 'array' | 'text' | 'mode';
      readonly of: PgType;
      readonly scale?: NumericScale | undefined;
      readonly separator?: string;
      /** The text for NULL; undefined: NULLs are omitted. */
      readonly ofNull?: string | undefined;
    }
  /** A function applied to the text. */
  | { readonly kind: 'called'; readonly name: CalledFunction }
  /** JSON, of which it is the value that a path leads to. */
  | { readonly kind: 'jsonPath'; readonly of: 'json' | 'jsonb'; readonly steps: readonly JsonStep[] }
  /** age() of two timestamps. */
  | { readonly kind: 'age' }
  /** The sum or average of intervals, from total days, total microseconds and count. */
  | { readonly kind: 'summedSpans'; readonly isAverage: boolean };

/** The key of an object, or the place in an array; a word of a path that is a number may be both. */
export interface JsonStep {
  readonly key?: string;
  readonly index?: number;
}

/** Text functions that IRIS lacks, with their result types. */
export const calledFunctions = { md5: 'text', initcap: 'text', octet_length: 'int4', bit_length: 'int4' } as const;

export type CalledFunction = keyof typeof calledFunctions;

/** Separates the texts; does not occur in them. */
export const recordSeparator = '\u001e';
export const unitSeparator = '\u001f';

/** Joins `2:b␞1:a` to `a, b`, or to a JSON array. */
export function joinedText(made: Extract<ProxyComputation, { kind: 'joined' }>, numbered: string): string {
  const { separator, json, isObject = false } = made;
  const joined = inOrder(numbered)
    .map(({ text }) => text)
    .join(separator);
  if (isObject) return `{ ${joined} }`;
  return json === undefined ? joined : `[${joined}]`;
}

interface NumberedText {
  readonly number: number;
  readonly text: string;
}

function inOrder(numbered: string): readonly NumberedText[] {
  return numbered
    .split(recordSeparator)
    .map((part): NumberedText => {
      const end = part.indexOf(':');
      return { number: Number(part.slice(0, end)), text: part.slice(end + 1) };
    })
    .sort((left, right) => left.number - right.number);
}

/**
 * Converts `2:+b␞1:-` to `{NULL,b}`, or to a joined text or mode.
 * @param textOf converts a value to PostgreSQL's text
 */
export function textOfValues(
  { as, separator = '', ofNull }: Extract<ProxyComputation, { kind: 'values' }>,
  numbered: string,
  textOf: (value: string) => string,
): string {
  const items = inOrder(numbered).filter(({ text }) => text !== '');
  const valueOf = ({ text }: NumberedText): string | null => (text.startsWith('+') ? textOf(text.slice(1)) : null);
  if (as === 'mode') return valueOf(mostOften(items)) ?? '';
  const values = items.map(valueOf);
  if (as === 'array') return `{${values.map(arrayElement).join(',')}}`;
  return values
    .map((value) => value ?? ofNull)
    .filter((value) => value !== undefined)
    .join(separator);
}

/** The most frequent item, the first of several; equal items have the same number. */
function mostOften(items: readonly NumberedText[]): NumberedText {
  const counts = new Map<number, number>();
  for (const { number } of items) counts.set(number, (counts.get(number) ?? 0) + 1);
  const most = Math.max(0, ...counts.values());
  return items.find(({ number }) => counts.get(number) === most) ?? { number: 0, text: '' };
}

/** An array element as written by array_out. */
function arrayElement(value: string | null): string {
  if (value === null) return 'NULL';
  const isPlain = value !== '' && !/[{},"\\\s]/.test(value) && !/^null$/i.test(value);
  return isPlain ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
}

/** Separates the later and the earlier timestamp. */
export const momentSeparator = '|';

/**
 * Computes age() of `2024-03-31|2024-02-29 10:00:00`, field by field; a borrowed month has the length of the earlier timestamp's month.
 * Undefined: not two timestamps.
 */
export function ageBetween(moments: string): IntervalValue | undefined {
  const [to, from] = moments.split(momentSeparator).map(fieldsOf);
  if (to === undefined || from === undefined) return undefined;
  const isBack = compared(to, from) < 0;
  const [late, early] = isBack ? [from, to] : [to, from];
  let { months, days, micros } = {
    months: late.months - early.months,
    days: late.days - early.days,
    micros: late.micros - early.micros,
  };
  if (micros < 0) [days, micros] = [days - 1, micros + microsPerDay];
  if (days < 0) [months, days] = [months - 1, days + daysOf(early.months)];
  const sign = isBack ? -1 : 1;
  return { months: sign * months || 0, days: sign * days || 0, micros: sign * micros || 0 };
}

/** A timestamp as months since year 0, day of the month, and time of day. */
function fieldsOf(moment: string): IntervalValue | undefined {
  const { year, month, day, clock } =
    /^(?<year>\d{4})-(?<month>\d\d)-(?<day>\d\d)(?:[ T](?<clock>\d\d:\d\d:\d\d(?:\.\d*)?))?$/.exec(moment)?.groups ??
    {};
  if (year === undefined) return undefined;
  const [hour = 0, minute = 0, second = 0] = clock?.split(':').map(Number) ?? [];
  return {
    months: 12 * Number(year) + Number(month) - 1,
    days: Number(day),
    micros: (hour * 60 + minute) * 60 * microsPerSecond + Math.round(second * microsPerSecond),
  };
}

const compared = (left: IntervalValue, right: IntervalValue): number =>
  left.months - right.months || left.days - right.days || left.micros - right.micros;

/** Days of a month. */
const daysOf = (months: number): number =>
  new Date(Date.UTC(2000 + (Math.floor(months / 12) % 400), (months % 12) + 1, 0)).getUTCDate();

/** Computes sum() or avg() of intervals without months from `9|788400500000|4`. Undefined: malformed. */
export function sumOfSpans(text: string, isAverage: boolean): IntervalValue | undefined {
  const [days = Number.NaN, all = Number.NaN, count = Number.NaN] = text.split(momentSeparator).map(Number);
  const micros = all - days * microsPerDay;
  if (!Number.isSafeInteger(micros) || !(count > 0)) return undefined;
  if (!isAverage) return { months: 0, days, micros };
  // Like interval_div of PostgreSQL: fractions of days become time, in whole microseconds.
  const whole = Math.trunc(days / count);
  const rest = roundedHalfEven((days / count - whole) * 86_400 * microsPerSecond);
  return { months: 0, days: whole, micros: roundedHalfEven(micros / count + rest) };
}

function roundedHalfEven(value: number): number {
  const rounded = Math.round(value);
  return Math.abs(value % 1) === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}
