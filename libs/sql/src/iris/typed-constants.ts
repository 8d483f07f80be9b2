import type { Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf } from '../ast.ts';
import { intervalValue, microsPerDay } from './interval-text.ts';
import { momentText } from './moments.ts';
import { integerTypes, irisType, numberTypes, timeTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';

const numeral = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/;
const integer = /^\s*[+-]?\d{1,19}\s*$/;

/** Unambiguous notations of types; other notations would be read differently by IRIS. */
const notations: { readonly [Type in PgType]?: RegExp } = {
  int2: integer,
  int4: integer,
  int8: integer,
  numeric: numeral,
  float4: numeral,
  float8: numeral,
  time: /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/,
  uuid: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
};

/** The maximum of each integer type, plus one. */
const ends: { readonly [Type in PgType]?: bigint } = { int2: 2n ** 15n, int4: 2n ** 31n, int8: 2n ** 63n };

const integerNames: { readonly [Type in PgType]?: string } = { int2: 'smallint', int4: 'integer', int8: 'bigint' };

/** Whether an integer is out of range for its type. */
export function isOutOfRange(type: PgType, text: string): boolean {
  const end = ends[type];
  if (end === undefined || !/^[-+]?\d+$/.test(text.trim())) return false;
  const value = BigInt(text.trim().replace(/^\+/, ''));
  return value >= end || value < -end;
}

/** Checks the range of a numeric constant that is converted to an integer. @throws Refusal 22003 */
export function checkNumber(type: PgType, node: Node | undefined): void {
  const { lexpr, rexpr, name } = bodyOf(node, 'A_Expr') ?? {};
  const isNegated = lexpr === undefined && lastNameOf(name) === '-';
  const digits = untypedText(node) === undefined ? constantText(isNegated ? rexpr : node) : undefined;
  if (digits !== undefined && isOutOfRange(type, `${isNegated ? '-' : ''}${digits}`))
    throw new Refusal(`${integerNames[type] ?? type} out of range`, { sqlstate: '22003', isPlaceless: true });
}

/** @throws Refusal 22P02, 22007, 22003 */
export function checkConstant(type: PgType, text: string, location?: number): void {
  if (notations[type]?.test(text) === false) invalid(type, location);
  if (isOutOfRange(type, text))
    throw new Refusal(`a value is out of range for type ${integerNames[type] ?? type}`, {
      sqlstate: '22003',
      location,
    });
  if ((type === 'json' || type === 'jsonb') && !isJson(text)) invalid(type, location);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The error omits the text, which is user data. */
export function invalid(type: string, location?: number): never {
  const sqlstate = type === 'time' || type === 'interval' ? '22007' : '22P02';
  throw new Refusal(`invalid input syntax for type ${type}, or a notation that IRIS does not read`, {
    sqlstate,
    location,
  });
}

const booleans: Readonly<Record<string, string>> = {
  t: '1', true: '1', y: '1', yes: '1', on: '1', '1': '1', f: '0', false: '0', n: '0', no: '0', off: '0', '0': '0',
}; // prettier-ignore

/** @throws Refusal 22P02 */
export function booleanConstant(text: string, location?: number): string {
  return booleans[text.trim().toLowerCase()] ?? invalid('boolean', location);
}

/** The text of an untyped string constant. */
export function untypedText(node: Node | undefined): string | undefined {
  return bodyOf(node, 'A_Const')?.sval === undefined ? undefined : constantText(node);
}

/**
 * A constant or parameter as a value, outside of a comparison: IRIS converts dates and times implicitly only in comparisons, so it is cast
 * here. Undefined if no cast is needed.
 */
export function typedValue(p: Printing, node: Node | undefined, type: PgType | undefined): string | undefined {
  const known = type && irisType({ type, modifiers: [] });
  const name = momentTypes.has(type) ? known : undefined;
  const number = bodyOf(node, 'ParamRef')?.number;
  const ofParameter = parameterTypes.has(type) ? known : name;
  if (ofParameter !== undefined && number !== undefined) return `CAST(${p.marks.parameter(number)} AS ${ofParameter})`;
  const constant = typedConstant(p, node, type);
  const text = type === 'time' ? untypedText(node) : undefined;
  const moment = text === undefined ? constant : p.marks.string(text);
  return moment === undefined || name === undefined ? constant : `CAST(${moment} AS ${name})`;
}

const momentTypes: ReadonlySet<PgType | undefined> = new Set<PgType | undefined>([...timeTypes, 'time']);
/** Types to which parameters are cast; not numeric, as no IRIS type keeps all digits. */
const parameterTypes: ReadonlySet<PgType | undefined> = new Set<PgType>([
  ...(['bool', 'int2', 'int4', 'int8', 'float4', 'float8'] as const),
]);

/** The microseconds of an interval constant. */
function lengthOf(text: string, location?: number): string {
  const { months, days, micros } = intervalValue(text) ?? invalid('interval', location);
  if (months !== 0) return refuse('an interval of months as a value', location, 'Months differ in length: use days.');
  return String(days * microsPerDay + micros);
}

/**
 * Converts a string constant of a non-text type to the notation of IRIS: 't' is not a BIT there, and '05' not the number 5. Undefined for
 * other nodes. @throws Refusal
 */
export function typedConstant(p: Printing, node: Node | undefined, type: PgType | undefined): string | undefined {
  const text = type === undefined ? undefined : untypedText(node);
  if (type === undefined || text === undefined) return undefined;
  const location = bodyOf(node, 'A_Const')?.location;
  if (timeTypes.has(type)) return p.marks.string(momentText(type, text, location));
  if (type === 'bool') return booleanConstant(text, location);
  if (type === 'interval') return lengthOf(text, location);
  if (type === 'bytea') return refuse('bytes in the text', location, 'Send them as a parameter.');
  checkConstant(type, text, location);
  if (integerTypes.has(type)) return BigInt(text.trim().replace(/^\+/, '')).toString();
  return numberTypes.has(type) ? text.trim().replace(/^\+/, '') : undefined;
}
