import type { Node, TypeCast } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { operand } from './expression.ts';
import { inferTypeOfCast, typeOf } from './inference.ts';
import { asScalar } from './json-path.ts';
import {
  integerTypes,
  irisCastType,
  numberTypes,
  textTypes,
  timeTypes,
  typeUse,
  type PgType,
  type TypeUse,
} from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { printSpan } from './span.ts';
import { castText } from './text-cast.ts';
import { textOperand } from './text-operand.ts';
import { booleanConstant, checkConstant, checkNumber, typedConstant, untypedText } from './typed-constants.ts';
import { vectorText } from './vector-text.ts';

/** Prints CAST(x AS t) with PostgreSQL's semantics: numbers are rounded, and constants are checked. */
export function castValue(p: Printing, cast: TypeCast, scope: Scope): string {
  const { typeName } = cast;
  const to = typeUse(typeName)?.type;
  const scalar = numberTypes.has(to) || to === 'bool' ? asScalar(cast.arg) : undefined;
  const arg = scalar ?? cast.arg;
  if (scalar !== undefined && typeOf(p, cast.arg, scope) === 'json') throw noCast(to, cast.location);
  const location = typeName?.location;
  const use = typeUse(typeName);
  const name = namesOf(typeName?.names).at(-1) ?? 'this type';
  const isArray = typeName?.arrayBounds !== undefined;
  if (use === undefined && !isArray && p.catalog.isEnum(name)) return p.value(arg, scope);
  if (use === undefined) return refuse(`a cast to ${isArray ? `an array of ${name}` : name}`, location);
  if (use.type === 'interval') return printSpan(p, { TypeCast: cast }, scope);
  if (use.type === 'vector') return vectorValue(p, arg, use, scope, location);
  const text = untypedText(arg);
  const moment = timeTypes.has(use.type) ? typedConstant(p, arg, use.type) : undefined;
  const place = bodyOf(arg, 'A_Const')?.location;
  if (text !== undefined && moment === undefined) checkConstant(use.type, text, place);
  if (text !== undefined && use.type === 'bytea')
    return refuse('bytes in the text', place, 'Send them as a parameter.');
  const type = irisCastType(use) ?? refuse(`${name} of this size`, location);
  inferTypeOfCast(p, arg, use.type);
  if (use.type === 'bool') return boolValue(p, arg, text, scope, bodyOf(arg, 'A_Const')?.location ?? location);
  const from = typeOf(p, arg, scope);
  if (from === 'interval')
    return refuse(`a cast of an interval to ${use.type}`, location, 'extract(epoch from ...) is translated.');
  if (textTypes.has(use.type)) return textValue(p, arg, use, scope, location);
  const isText = textTypes.has(from) && text === undefined;
  if (isText && use.type !== 'json' && use.type !== 'jsonb') return castText(p, arg, use.type, type, scope, location);
  const value = moment ?? operand(p, arg, scope);
  checkNumber(use.type, arg);
  if (integerTypes.has(use.type)) return integerValue(arg, value, from, type);
  return `CAST(${value} AS ${type})`;
}

/** A json is no number to PostgreSQL, and a jsonb that is one is. */
const noCast = (to: PgType | undefined, location: number | undefined): Refusal =>
  new Refusal(`cannot cast type json to ${to ?? ''}`, { sqlstate: '42846', location });

/** A cast to text, in PostgreSQL's format. */
function textValue(p: Printing, arg: Node | undefined, use: TypeUse, scope: Scope, location?: number): string {
  const type = irisCastType(use) ?? refuse('text of this size', location);
  if (use.type === 'bpchar' && (use.modifiers[0] ?? 1) > 1)
    return refuse('a cast to char(n)', location, 'IRIS does not pad with blanks: cast it to varchar(n).');
  const from = typeOf(p, arg, scope);
  const text = textOperand(p, arg, scope, location);
  return from === 'bool' && use.modifiers.length === 0 && use.type !== 'bpchar' ? text : `CAST(${text} AS ${type})`;
}

/** A cast to an integer, rounded, as IRIS would truncate. */
function integerValue(arg: Node | undefined, value: string, from: PgType | undefined, type: string): string {
  const isWhole =
    from === 'bool' ||
    integerTypes.has(from) ||
    untypedText(arg) !== undefined ||
    bodyOf(arg, 'ParamRef') !== undefined ||
    bodyOf(arg, 'A_Const')?.isnull === true;
  if (isWhole) return `CAST(${value} AS ${type})`;
  return `CAST(${from === 'float4' || from === 'float8' ? evenly(value) : `ROUND(${value}, 0)`} AS ${type})`;
}

/** Rounds half to even, as PostgreSQL does for floats; IRIS rounds half away from zero. */
export function evenly(value: string): string {
  const isOdd = `ABS(${value} - ROUND(${value}, 0, 1)) = 0.5 AND MOD(ROUND(${value}, 0), 2) <> 0`;
  return `(ROUND(${value}, 0) - CASE WHEN ${isOdd} THEN SIGN(${value}) ELSE 0 END)`;
}

function boolValue(
  p: Printing,
  arg: Node | undefined,
  text: string | undefined,
  scope: Scope,
  location?: number,
): string {
  if (text !== undefined) return booleanConstant(text, location);
  const from = typeOf(p, arg, scope);
  if (textTypes.has(from)) return castText(p, arg, 'bool', 'BIT', scope, location);
  const value = operand(p, arg, scope);
  const isPlain = bodyOf(arg, 'ParamRef') !== undefined || bodyOf(arg, 'A_Const')?.isnull === true;
  if (from === 'bool' || isPlain) return `CAST(${value} AS BIT)`;
  if (!integerTypes.has(from)) return refuse('a cast to boolean of something that is no integer', location);
  return `CASE WHEN ${value} <> 0 THEN 1 WHEN ${value} = 0 THEN 0 END`;
}

function vectorValue(p: Printing, arg: Node | undefined, use: TypeUse, scope: Scope, location?: number): string {
  if (!p.dialect.has('vectors')) return refuse(`a vector before IRIS ${p.dialect.since('vectors')}`, location);
  const size = use.modifiers[0];
  const end = size === undefined ? '' : `, ${size}`;
  const text = untypedText(arg);
  if (text !== undefined) return `TO_VECTOR(${vectorText(p, text, location)}, DOUBLE${end})`;
  const number = bodyOf(arg, 'ParamRef')?.number;
  if (number !== undefined) return `TO_VECTOR(${p.marks.parameter(number, 'vector')}, DOUBLE${end})`;
  return typeOf(p, arg, scope) === 'vector' ? p.value(arg, scope) : refuse('a cast to vector of this', location);
}
