import type { Node } from 'libpg-query';
import { bodyOf, constantText } from '../ast.ts';
import { isNullable, inferType, typeOf } from './inference.ts';
import { isoDay, isoWeek, isoYear } from './iso-week.ts';
import { printNumberToChar, readText } from './number-patterns.ts';
import { numberTypes, textTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { typedValue } from './typed-constants.ts';

const textOf = (node: Node | undefined): string | undefined =>
  bodyOf(node, 'A_Const')?.sval === undefined ? undefined : constantText(node);

/** Patterns with the same meaning in PostgreSQL and IRIS, which TO_CHAR of IRIS can handle. */
const common = /^(?:YYYY|MM|DD|HH24|MI|SS|[-/:., ])+$/;
/** Template patterns of PostgreSQL; a longer one precedes its prefixes. */
const tokens =
  /"([^"\\]*)"|FM(?:MONTH|Month|month|DAY|Day|day|DD|MM|dd|mm)|MONTH|Month|month|MON|Mon|mon|DAY|Day|day|DY|Dy|dy|AM|PM|am|pm|IYYY|IW|IDDD|ID|DDD|YYYY|YY|WW|DD|MM|MS|HH24|HH12|HH|MI|SSSSS|SSSS|SS|US|Q|D|iyyy|iw|iddd|id|ddd|yyyy|yy|ww|dd|mm|ms|hh24|hh12|hh|mi|sssss|ssss|ss|us|q|d|[^A-Za-z"\\]/gy;
/** Case matters for patterns of names only. */
const inUpperCase = (word: string): string =>
  /^(?:FM)?(?:mon|month|day|dy)$/i.test(word) || /^(?:am|pm|".*")$/.test(word) ? word : word.toUpperCase();

const aboutPatterns =
  'Years, quarters, months, weeks, days, hours, minutes and seconds are translated, with punctuation and digits between them, and text in double quotes.';

/** to_char(timestamp, pattern) */
export function printToChar(p: Printing, [value, format]: readonly Node[], scope: Scope, location?: number): string {
  const type = typeOf(p, value, scope);
  const written = textOf(format) ?? '';
  if (numberTypes.has(type))
    return printNumberToChar(p, value === undefined || format === undefined ? [] : [value, format], scope, location);
  if (!timeTypes.has(type) && type !== 'time')
    return refuse('to_char of a value that is not a number, date or timestamp', location);
  const found = written.match(tokens) ?? [];
  if (written === '' || found.join('') !== written || found.some((word) => /^iddd$/i.test(word)))
    return refuse('to_char with this pattern', location, aboutPatterns);
  const words = found.map(inUpperCase);
  const pattern = words.join('');
  if (type === 'date' && words.some((word) => ofClock.has(word)))
    return refuse('to_char of a date with a time', location, 'Cast it.');
  if (type === 'time' && words.some((word) => /^(?:FM)?[A-Z]/i.test(word) && !ofPlainClock.has(word)))
    return refuse('to_char of a time with a date, or parts of a second', location);
  const printed = p.value(value, scope);
  if (common.test(pattern) && type !== 'time') return `TO_CHAR(${printed}, ${p.marks.string(pattern)})`;
  const parts = words.map(
    (word) =>
      (type === 'time' ? clockOf(word, printed) : undefined) ??
      partOf(word, printed) ??
      p.marks.string(word.replaceAll('"', '')),
  );
  const text = `STRING(${parts.join(', ')})`;
  return isNullable(p, value, scope) ? `CASE WHEN ${printed} IS NOT NULL THEN ${text} END` : text;
}

const ofClock: ReadonlySet<string> = new Set([
  'HH24', 'HH12', 'HH', 'MI', 'SS', 'SSSS', 'SSSSS', 'MS', 'US', 'AM', 'PM', 'am', 'pm',
]); // prettier-ignore

const ofPlainClock: ReadonlySet<string> = new Set(['HH24', 'HH12', 'HH', 'MI', 'SS', 'AM', 'PM', 'am', 'pm']);

/** The same for a time without a date, which TO_CHAR of IRIS does not support. */
function clockOf(word: string, value: string): string | undefined {
  if (word === 'HH24') return padded(`DATEPART('hour', ${value})`, 2);
  if (word === 'MI') return padded(`DATEPART('minute', ${value})`, 2);
  return word === 'SS' ? padded(`ROUND(DATEPART('second', ${value}), 0, 1)`, 2) : undefined;
}

/** Prints one template pattern; undefined for literal text. */
function partOf(word: string, value: string): string | undefined {
  const name = nameOf(word, value);
  if (name !== undefined) return name;
  const hour = `DATEPART('hour', ${value})`;
  switch (word) {
    case 'AM':
    case 'PM':
      return `CASE WHEN ${hour} < 12 THEN 'AM' ELSE 'PM' END`;
    case 'am':
    case 'pm':
      return `CASE WHEN ${hour} < 12 THEN 'am' ELSE 'pm' END`;
    case 'HH12':
    case 'HH':
      return padded(`MOD(${hour} + 11, 12) + 1`, 2);
    case 'SSSS':
    case 'SSSSS':
      return `(${microsOfDay(value)} \\ 1000000)`;
    case 'MS':
      return padded(`MOD(${microsOfDay(value)}, 1000000) \\ 1000`, 3);
    case 'US':
      return padded(`MOD(${microsOfDay(value)}, 1000000)`, 6);
    case 'YY':
      return padded(`MOD(DATEPART('year', ${value}), 100)`, 2);
    case 'IYYY':
      return padded(isoYear(value), 4);
    case 'IW':
      return padded(isoWeek(value), 2);
    case 'WW':
      return padded(`(DATEPART('dayofyear', ${value}) - 1) \\ 7 + 1`, 2);
    case 'DDD':
      return padded(`DATEPART('dayofyear', ${value})`, 3);
    case 'FMDD':
      return `DATEPART('day', ${value})`;
    case 'FMMM':
      return `DATEPART('month', ${value})`;
    case 'ID':
      return isoDay(value);
    case 'D':
      return `DATEPART('weekday', ${value})`;
    case 'Q':
      return `DATEPART('quarter', ${value})`;
    default:
      return common.test(word) && /^[A-Z]/.test(word) ? `TO_CHAR(${value}, '${word}')` : undefined;
  }
}

const microsOfDay = (value: string): string =>
  `DATEDIFF('microsecond', CAST(CAST(${value} AS DATE) AS TIMESTAMP), ${value})`;

const padded = (number: string, digits: number): string => `RIGHT('${'0'.repeat(digits)}' || (${number}), ${digits})`;

const months = 'January February March April May June July August September October November December'.split(' ');
const days = 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' ');

/** Names of months and days, padded to nine characters unless FM is given. */
function nameOf(word: string, value: string): string | undefined {
  const bare = word.replace('FM', '');
  const names = /^mon/i.test(bare) ? months : /^d(?:ay|y)$/i.test(bare) ? days : undefined;
  if (names === undefined) return undefined;
  const isFull = bare.length > 3 || /^day$/i.test(bare);
  const size = isFull ? 9 : 3;
  const row = names.map((name) => name.padEnd(9).slice(0, size)).join('');
  const cased = bare === bare.toUpperCase() ? row.toUpperCase() : bare === bare.toLowerCase() ? row.toLowerCase() : row;
  const part = names === months ? `DATEPART('month', ${value})` : `DATEPART('weekday', ${value})`;
  const name = `SUBSTRING('${cased}', ${size} * ${part} - ${size - 1}, ${size})`;
  return bare === word ? name : `TRIM(TRAILING ' ' FROM ${name})`;
}

/** to_date(text, pattern), to_timestamp(text, pattern) */
export function printReadMoment(
  p: Printing,
  name: 'TO_DATE' | 'TO_TIMESTAMP',
  [written, format]: readonly Node[],
  scope: Scope,
  location?: number,
): string {
  const value = written === undefined ? undefined : readText(written);
  inferType(p, value, 'text');
  const pattern = textOf(format)?.replaceAll(/yyyy|mm|dd|hh24|mi|ss/g, (word) => word.toUpperCase());
  const type = typeOf(p, value, scope);
  const text = textOf(value);
  const isText =
    type === undefined ? text !== undefined || bodyOf(value, 'ParamRef') !== undefined : textTypes.has(type);
  if (!isText) return refuse(`${name.toLowerCase()} of a value that is not text`, location);
  const known = text === undefined || pattern === undefined ? undefined : readMoment(text, pattern);
  if (known !== undefined) {
    const constant: Node = { A_Const: { sval: { sval: known }, location: location ?? -1 } };
    return typedValue(p, constant, name === 'TO_DATE' ? 'date' : 'timestamptz') ?? refuse('this moment', location);
  }
  if (pattern === undefined || !common.test(pattern))
    return refuse(`${name.toLowerCase()} with this pattern`, location, aboutReading);
  return `${name}(${p.value(value, scope)}, ${p.marks.string(pattern)})`;
}

const aboutReading = 'YYYY, MM, DD, HH24, MI and SS with -, /, :, a point, a comma or a blank between are translated.';

const digitsOf: Readonly<Record<string, number>> = { YYYY: 4, MM: 2, DD: 2, HH24: 2, MI: 2, SS: 2, MS: 3, US: 6 };

/** A constant that matches its pattern exactly, converted here. */
function readMoment(text: string, pattern: string): string | undefined {
  const parts = pattern.match(/YYYY|MM|DD|HH24|MI|SS|MS|US|[-/:., ]/g) ?? [];
  const named = parts.filter((part) => part in digitsOf);
  if (parts.join('') !== pattern || new Set(named).size < named.length) return undefined;
  const form = parts
    .map((part) => (part in digitsOf ? `(?<${part}>\\d{${digitsOf[part] ?? 0}})` : `[${part}]`))
    .join('');
  const {
    YYYY,
    MM,
    DD,
    HH24 = '00',
    MI = '00',
    SS = '00',
    MS = '0',
    US = MS,
  } = new RegExp(`^${form}$`).exec(text)?.groups ?? {};
  return YYYY === undefined || MM === undefined || DD === undefined
    ? undefined
    : `${YYYY}-${MM}-${DD} ${HH24}:${MI}:${SS}.${US}`;
}
