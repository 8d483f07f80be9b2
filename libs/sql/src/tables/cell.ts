import { intervalOfMicros, textOfInterval } from '@medrex/pg-wire';
import { booleanOf } from '../boolean-text.ts';
import { intervalValue } from '../iris/interval-text.ts';
import { notSupported } from './compiled.ts';

/** A value: timestamps and dates are milliseconds since 1970, intervals milliseconds. */
export type Cell = string | number | boolean | null;

/** The types of columns, with PostgreSQL's OID and size. */
export const cellTypes = {
  bool: { oid: 16, size: 1, name: 'boolean' },
  int4: { oid: 23, size: 4, name: 'integer' },
  int8: { oid: 20, size: 8, name: 'bigint' },
  float8: { oid: 701, size: 8, name: 'double precision' },
  text: { oid: 25, size: -1, name: 'text' },
  date: { oid: 1082, size: 4, name: 'date' },
  timestamptz: { oid: 1184, size: 8, name: 'timestamp with time zone' },
  interval: { oid: 1186, size: 16, name: 'interval' },
} as const satisfies Record<string, { oid: number; size: number; name: string }>;

export type CellType = keyof typeof cellTypes;

const microsecondsFrom2000 = 946_684_800_000_000n;
const dayMs = 86_400_000;
const daysTo2000 = 10_957;

/** Midnight (UTC) of the day of a timestamp. */
export const dayOf = (instantMs: number): number => Math.floor(instantMs / dayMs) * dayMs;

/** A value in PostgreSQL's text format, in UTC. */
export function cellText(value: Exclude<Cell, null>, type: CellType): string {
  switch (type) {
    case 'bool':
      return value === true ? 't' : 'f';
    case 'date':
      return instantText(Number(value)).replace(/ .*/, '');
    case 'timestamptz':
      return instantText(Number(value));
    case 'interval':
      return intervalText(Number(value));
    case 'float8':
      return floatText(Number(value));
    default:
      return String(value);
  }
}

/** A value in PostgreSQL's binary format. */
export function cellBytes(value: Exclude<Cell, null>, type: CellType): Buffer {
  const bytes = Buffer.alloc(Math.max(0, cellTypes[type].size));
  switch (type) {
    case 'bool':
      bytes[0] = value === true ? 1 : 0;
      return bytes;
    case 'int4':
      bytes.writeInt32BE(Number(value));
      return bytes;
    case 'int8':
      bytes.writeBigInt64BE(BigInt(Math.trunc(Number(value))));
      return bytes;
    case 'float8':
      bytes.writeDoubleBE(Number(value));
      return bytes;
    case 'date':
      bytes.writeInt32BE(Number(value) / dayMs - daysTo2000);
      return bytes;
    case 'timestamptz':
      bytes.writeBigInt64BE(microseconds(Number(value)) - microsecondsFrom2000);
      return bytes;
    case 'interval':
      bytes.writeBigInt64BE(microseconds(Number(value) % dayMs));
      bytes.writeInt32BE(Math.trunc(Number(value) / dayMs), 8);
      return bytes;
    default:
      return Buffer.from(String(value), 'utf8');
  }
}

const microseconds = (ms: number): bigint => BigInt(Math.round(ms * 1_000));

function floatText(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? 'NaN' : value > 0 ? 'Infinity' : '-Infinity';
}

function instantText(ms: number): string {
  const whole = Math.floor(ms);
  const date = new Date(whole);
  if (Number.isNaN(date.getTime())) return ms > 0 ? 'infinity' : '-infinity';
  const text = date.toISOString().replace('T', ' ').slice(0, -1);
  const micro = Math.round((ms - whole) * 1_000);
  const fraction = `${text.slice(20)}${String(micro).padStart(3, '0')}`.replace(/0+$/, '');
  return `${text.slice(0, 19)}${fraction === '' ? '' : `.${fraction}`}+00`;
}

const intervalText = (ms: number): string => textOfInterval(intervalOfMicros(microseconds(ms)));

/**
 * Adds intervals. They are one number here, while PostgreSQL keeps days and time apart; sums that would show the difference (more than 24
 * hours, days and hours of different signs) are refused. @throws Refusal 0A000
 */
export function intervalSum(one: number, other: number): number {
  checkDay(Math.trunc(one / dayMs) + Math.trunc(other / dayMs), (one % dayMs) + (other % dayMs));
  return one + other;
}

export function intervalTimes(ms: number, factor: number): number {
  const days = Math.trunc(ms / dayMs) * factor;
  checkDay(Math.trunc(days), (days % 1) * dayMs + (ms % dayMs) * factor);
  return ms * factor;
}

function checkDay(days: number, ms: number): void {
  if (Math.abs(ms) >= dayMs || (days !== 0 && ms !== 0 && days > 0 !== ms > 0))
    notSupported('an interval of more hours than a day has, or of days and hours of two signs,');
}

/** Reads a text as a value of a type; undefined if it is invalid. */
export function cellOf(text: string, type: CellType, nowMs: number): Exclude<Cell, null> | undefined {
  switch (type) {
    case 'text':
      return text;
    case 'bool':
      return booleanOf(text);
    case 'int4':
    case 'int8':
      return integerOf(text, type);
    case 'float8':
      return floatOf(text);
    case 'date': {
      const at = instantOf(text, nowMs);
      return at === undefined ? undefined : dayOf(at);
    }
    case 'timestamptz':
      return instantOf(text, nowMs);
    case 'interval':
      return intervalOf(text);
  }
}

function integerOf(text: string, type: 'int4' | 'int8'): number | undefined {
  if (!/^\s*[-+]?\d{1,16}\s*$/.test(text)) return undefined;
  const value = Number(text);
  const max = type === 'int4' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
  return Math.abs(value) <= max ? value : undefined;
}

function floatOf(text: string): number | undefined {
  const word = text.trim().toLowerCase();
  if (word === 'nan') return Number.NaN;
  const [, sign, isInfinite] = /^([-+]?)(inf(?:inity)?)$/.exec(word) ?? [];
  if (isInfinite !== undefined) return sign === '-' ? -Infinity : Infinity;
  return /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/.test(word) ? Number(word) : undefined;
}

const instant =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ]+(\d{1,2}):(\d{2})(?::(\d{2})(\.\d{1,9})?)?)?\s*(?:(Z|UTC|GMT)|([-+])(\d{1,2})(?::?(\d{2}))?)?$/i;

/** Reads ISO 8601 and PostgreSQL's own format; without a zone in UTC. */
function instantOf(text: string, nowMs: number): number | undefined {
  const word = text.trim();
  if (/^now$/i.test(word)) return nowMs;
  if (/^epoch$/i.test(word)) return 0;
  const days = { yesterday: -1, today: 0, tomorrow: 1 }[word.toLowerCase()];
  if (days !== undefined) return dayOf(nowMs) + days * dayMs;
  const match = instant.exec(word);
  if (match === null) return undefined;
  const part = (index: number): number => Number(match[index] ?? 0);
  const [month, day] = [part(2), part(3)];
  const date = new Date(0);
  date.setUTCFullYear(part(1), month - 1, day);
  if (date.getUTCMonth() !== month - 1 || part(4) > 24 || part(5) > 59 || part(6) > 60) return undefined;
  const time = part(4) * 3_600_000 + part(5) * 60_000 + part(6) * 1_000 + Number(`0${match[7] ?? ''}`) * 1_000;
  const zone = (part(10) * 60 + part(11)) * 60_000 * (match[9] === '-' ? -1 : 1);
  return date.getTime() + time - zone;
}

/** Reads an interval without months and years, as these have no fixed length. */
function intervalOf(text: string): number | undefined {
  const { months, days, micros } = intervalValue(text) ?? {};
  if (months === undefined || days === undefined || micros === undefined) return undefined;
  if (months !== 0) return notSupported('an interval of months');
  checkDay(days, micros / 1_000);
  return days * dayMs + micros / 1_000;
}
