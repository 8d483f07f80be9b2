import { intervalOfMicros, textOfInterval, type WireType } from '@medrex/pg-wire';
import { jsonbText } from './jsonb-text.ts';
import { isQuotient, isRounded, scaleDigits, withDigits, type NumericScale, type PgType } from '@medrex/sql';

/** Adds the leading zero of `.5` and `-.5`. */
function number(text: string): string {
  if (text.startsWith('.')) return `0${text}`;
  return text.startsWith('-.') ? `-0${text.slice(1)}` : text;
}

/** Formats a float as PostgreSQL does: the shortest text with the same value. */
const float =
  (digitsMax: number) =>
  (text: string): string => {
    const value = Number(text);
    if (text.trim() === '' || (Number.isNaN(value) && !/^nan$/i.test(text))) return number(text);
    if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
    const [digits = '', power = '0'] = value.toExponential().split('e');
    const exponent = Number(power);
    if (Object.is(value, -0)) return '-0';
    if (exponent >= -4 && exponent < digitsMax) return String(value);
    return `${digits}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
  };

/** A timestamp without trailing zeros in its fraction. */
function moment(text: string): string {
  return text
    .replace('T', ' ')
    .replace(/(\.\d*?)0+(?=$|[-+Z])/, (_, fraction: string) => (fraction === '.' ? '' : fraction));
}

/** Significant decimal digits of a double; a number with as many may be inexact. */
const digitsOfDouble = 15;

/**
 * Formats a numeric with the scale of PostgreSQL. Drivers pad with zeros by the column's scale or omit them; without a known scale,
 * trailing zeros are removed. No other digit is lost.
 */
function numeric(text: string, scale: NumericScale | undefined): string {
  const [, whole = '', fraction = ''] = /^(-?\d+)(?:\.(\d*))?$/.exec(number(text.trim())) ?? [];
  if (whole === '') return text;
  if (scale !== undefined && isRounded(scale)) {
    const wanted = scaleDigits(text, scale);
    const isCut = wanted > fraction.length && (whole + fraction).replace(/^[-0]+/, '').length >= digitsOfDouble;
    return isCut && !isQuotient(scale) ? number(text.trim()) : withDigits(number(text.trim()), wanted);
  }
  const digits = fraction.replace(/0+$/, '').padEnd(scale === undefined ? 0 : scaleDigits(text, scale), '0');
  return digits === '' ? whole : `${whole}.${digits}`;
}

/** Formats an interval, which the translation has made a number of microseconds. */
function interval(text: string): string {
  const micros = /^\s*(-?\d+)(?:\.0*)?\s*$/.exec(text)?.[1];
  if (micros !== undefined) return textOfInterval(intervalOfMicros(BigInt(micros)));
  const value = Math.round(Number(text));
  return Number.isSafeInteger(value) ? textOfInterval(intervalOfMicros(BigInt(value))) : text;
}

const rules: Readonly<Partial<Record<WireType | 'vector', (text: string) => string>>> = {
  bool: (text) => (/^(?:1|t|true)$/i.test(text) ? 't' : 'f'),
  float4: float(6),
  float8: float(15),
  time: moment,
  timestamp: moment,
  // IRIS stores no zone; its values are in UTC.
  timestamptz: (text) => (/[-+]\d\d(?::?\d\d)?$/.test(text) ? moment(text) : `${moment(text).replace(/Z$/, '')}+00`),
  interval,
  uuid: (text) => text.toLowerCase(),
  jsonb: jsonbText,
  vector: (text) => (text.startsWith('[') ? text : `[${text}]`),
};

/** The function that converts a text of IRIS's driver to PostgreSQL's; undefined: they are equal. */
export function textRule(
  type: WireType,
  pgType: PgType | undefined,
  scale?: NumericScale,
): ((text: string) => string) | undefined {
  if (type === 'numeric') return (text) => numeric(text, scale);
  return rules[pgType === 'vector' ? 'vector' : type];
}
