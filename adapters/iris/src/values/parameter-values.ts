import { byteaOfText, itemsOfBinaryArray, textOfBinary, type WireType } from '@medrex/pg-wire';
import { intervalValue, type ParameterUse } from '@medrex/sql';
import type { SqlValue } from '@medrex/sql-driver';
import { SessionFault } from '../session/session-fault.ts';
import { arrayItems } from './array-text.ts';

/** A bound parameter. */
export interface BoundParameter {
  readonly bytes: Uint8Array | null;
  readonly isBinary: boolean;
  /** Undefined: an array, or unknown. */
  readonly type: WireType | undefined;
}

/** The text of a parameter; null for NULL. @throws SessionFault */
export function textOfParameter({ bytes, isBinary, type }: BoundParameter): string | null {
  if (bytes === null) return null;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (!isBinary) return buffer.toString('utf8');
  const text = type === undefined ? textOfArray(buffer) : textOfBinary(type, buffer);
  if (text !== undefined) return text;
  throw new SessionFault('22P03', `incorrect binary data format of a ${type ?? 'value of unknown type'}`);
}

function textOfArray(binary: Buffer): string | undefined {
  const items = itemsOfBinaryArray(binary)?.map((item) =>
    item === null ? 'NULL' : `"${item.replaceAll(/["\\]/g, '\\$&')}"`,
  );
  return items === undefined ? undefined : `{${items.join(',')}}`;
}

/** Converts a parameter for the driver. @throws SessionFault */
export function sqlValueOf(parameter: BoundParameter, use: ParameterUse): SqlValue {
  if (parameter.bytes === null) return null;
  const itemOf = listItems[use];
  if (itemOf !== undefined) return { as: 'list', items: itemsOf(parameter).map(itemOf) };
  // Drivers send bytes with an unknown type.
  if (parameter.isBinary && parameter.type === undefined) return { as: 'bytes', bytes: parameter.bytes };
  const text = textOfParameter(parameter) ?? '';
  if (use === 'months' || use === 'time') return { as: 'integer', text: String(partOfInterval(text, use)) };
  if (use === 'behindBlank') return { as: 'text', text: ` ${text}` };
  if (use === 'vector') return { as: 'text', text: text.replace(/^\s*\[|\]\s*$/g, '') };
  const bind = binds[parameter.type ?? 'text'] ?? asText;
  return bind(text, parameter.type ?? 'text');
}

function partOfInterval(text: string, use: 'months' | 'time'): number {
  const { months, days, micros } = intervalValue(text) ?? noValue(text, 'interval', '22007');
  return use === 'months' ? months : days * 86_400_000_000 + micros;
}

/** Converts items of a $LIST to the internal format of the values that they are compared with. */
const listItems: { readonly [Use in ParameterUse]?: (item: string) => string } = {
  list: (item) => item,
  numbers: keptNumber,
  days: (item) => String(Date.parse(`${dayOf(item.trim(), 'date')}T00:00Z`) / 86_400_000 + unixEpochDay),
};

/** 1970-01-01 as days since 1840-12-31, the epoch of IRIS. */
const unixEpochDay = 47_117;

/** The canonical number format of IRIS: -0.50 becomes -.5, and true becomes 1. */
function keptNumber(item: string): string {
  const text = item.trim();
  if (/^(?:t|true|f|false)$/i.test(text)) return /^t/i.test(text) ? '1' : '0';
  const [, sign = '', whole = '', fraction = ''] =
    /^([-+]?)0*(\d*)\.?(\d*)$/.exec(/e/i.test(text) ? plainOf(text) : text) ?? [];
  if (!/\d/.test(text) || (whole === '' && fraction === '' && !/^[-+]?0*\.?0*$/.test(text)))
    return noValue(text, 'numeric');
  const end = fraction.replace(/0+$/, '');
  const digits = end === '' ? whole : `${whole}.${end}`;
  return digits === '' ? '0' : `${sign === '-' ? '-' : ''}${digits}`;
}

/** A number without exponent: 1.5e3 becomes 1500. */
function plainOf(text: string): string {
  const [, sign = '', whole = '', fraction = '', power = ''] =
    /^([-+]?)(\d*)\.?(\d*)e([-+]?\d{1,3})$/i.exec(text) ?? noValue(text, 'numeric');
  const point = whole.length + Number(power);
  const digits = whole + fraction;
  if (point <= 0) return `${sign}.${'0'.repeat(-point)}${digits}`;
  return `${sign}${digits.padEnd(point, '0').slice(0, point)}.${digits.slice(point)}`;
}

type Bind = (text: string, type: WireType) => SqlValue;

const asText: Bind = (text) => ({ as: 'text', text });

const checked =
  (as: 'integer' | 'decimal' | 'double', form: RegExp, isIn: (text: string) => boolean = () => true): Bind =>
  (text, type) => {
    const bare = text.trim();
    if (!form.test(bare)) return noValue(text, type);
    if (isIn(bare)) return { as, text: bare };
    throw new SessionFault(
      '22003',
      `value "${text.slice(0, 100)}" is out of range for type ${typeWords[type] ?? type}`,
    );
  };

function noValue(text: string, type: WireType, sqlstate = '22P02'): never {
  const word = typeWords[type] ?? type;
  throw new SessionFault(sqlstate, `invalid input syntax for type ${word}: "${text.slice(0, 100)}"`);
}

const typeWords: Readonly<Partial<Record<WireType, string>>> = {
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float8: 'double precision',
  float4: 'real',
  bool: 'boolean',
  timestamp: 'timestamp',
  timestamptz: 'timestamp with time zone',
};

const integer = (bits: number): Bind => {
  const isIn = (text: string): boolean => {
    const value = BigInt(text.replace('+', ''));
    return BigInt.asIntN(bits, value) === value;
  };
  return checked('integer', /^[-+]?\d{1,200}$/, isIn);
};
const double = checked('double', /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i, (text) => Number.isFinite(Number(text)));

const binds: Readonly<Partial<Record<WireType, Bind>>> = {
  int2: integer(16),
  int4: integer(32),
  int8: integer(64),
  numeric: checked('decimal', /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i),
  float4: double,
  float8: double,
  uuid: (text, type) =>
    /^\{?[0-9a-f]{4}(?:-?[0-9a-f]{4}){7}\}?$/i.test(text.trim()) ? asText(text, type) : noValue(text, type),
  date: (text, type) => ({ as: 'date', text: dayOf(text.trim(), type) }),
  bool: (text, type) => {
    if (/^(?:t|true|1|on|yes|y)$/i.test(text)) return { as: 'boolean', text: '1' };
    return /^(?:f|false|0|off|no|n)$/i.test(text) ? { as: 'boolean', text: '0' } : noValue(text, type);
  },
  bytea: (text, type) => {
    const bytes = byteaOfText(text);
    return bytes === undefined ? noValue(text, type) : { as: 'bytes', bytes };
  },
  time: (text, type) => {
    const [, clock = '', fraction = ''] = timeForm.exec(text.trim()) ?? noTime(text, type);
    const whole = clock.length === 5 ? `${clock}:00` : clock;
    return fraction === '' ? { as: 'time', text: whole } : { as: 'text', text: whole + fraction };
  },
  // PostgreSQL ignores a zone in a timestamp.
  timestamp: (text, type) => moment(text.trim().replace(/(?<=:\d\d(?:\.\d+)?) ?(?:[-+]\d\d(?::?\d\d)?|Z)$/i, ''), type),
  timestamptz: (text, type) => moment(inUtc(text.trim()), type),
};

/** A time as drivers send it, possibly with a zone, which is ignored. */
const timeForm = /^((?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(\.\d{1,9})?(?: ?[-+]\d\d(?::?\d\d)?)?$/;
const dayForm = /^(\d{4})-(\d\d)-(\d\d)(?=$| ?[-+]\d\d(?::?\d\d)?$|[ T]\d\d:)/;

/** @throws SessionFault 22008 if the text looks like a date or time, otherwise 22007 */
function noTime(text: string, type: WireType): never {
  const isLike = /(?:^|[ T])\d\d:\d\d(?::\d\d(?:\.\d+)?)?$/.test(text.trim());
  if (isLike) throw new SessionFault('22008', `date/time field value out of range: "${text.slice(0, 100)}"`);
  return noValue(text, type, '22007');
}

/** Validates a date, which must exist in both IRIS and PostgreSQL. */
function dayOf(text: string, type: WireType): string {
  const [, year = '', month = '', day = ''] = dayForm.exec(text) ?? noValue(text, type, '22007');
  const date = new Date(Date.UTC(2000, Number(month) - 1, Number(day)));
  date.setUTCFullYear(Number(year));
  const isThere = Number(year) > 0 && date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day);
  if (isThere) return `${year}-${month}-${day}`;
  throw new SessionFault('22008', `date/time field value out of range: "${text.slice(0, 100)}"`);
}

function moment(text: string, type: WireType): SqlValue {
  const day = dayOf(text, type);
  const rest = text.slice(day.length).replace(/^[ T]/, '');
  const [, clock = '', fraction = ''] = timeForm.exec(rest === '' ? '00:00' : rest) ?? noTime(text, type);
  return { as: 'timestamp', text: `${day} ${clock.length === 5 ? `${clock}:00` : clock}${fraction}` };
}

/** Converts a timestamp to UTC, as IRIS stores no zone. */
function inUtc(text: string): string {
  const [, zone] = /([-+]\d\d(?::?\d\d)?|Z)$/.exec(text) ?? [];
  if (zone === undefined || zone === 'Z') return text.replace(/Z$/, '').replace('T', ' ');
  const [, fraction = ''] = /\.(\d+)/.exec(text) ?? [];
  const whole = text
    .slice(0, text.length - zone.length)
    .replace(/\.\d+$/, '')
    .replace(' ', 'T');
  const minutes = zone.length > 3 ? zone : `${zone}:00`;
  const at = new Date(whole + minutes.replace(/^(...)(\d\d)$/, '$1:$2'));
  if (Number.isNaN(at.getTime())) return text;
  return `${at.toISOString().slice(0, 19).replace('T', ' ')}${fraction === '' ? '' : `.${fraction}`}`;
}

function itemsOf({ bytes, isBinary }: BoundParameter): readonly string[] {
  const buffer = Buffer.from(bytes ?? []);
  const items = isBinary ? itemsOfBinaryArray(buffer) : arrayItems(buffer.toString('utf8'));
  if (items === undefined) throw new SessionFault('22P02', 'malformed array, or one of several dimensions');
  if (items.some((item) => item === null))
    throw new SessionFault('0A000', 'an array with NULL in it cannot be a parameter of IRIS SQL');
  return items.map(String);
}
