import type { Node, TypeCast } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { operand } from './expression.ts';
import { learnType, typeOf } from './inference.ts';
import { momentConstant } from './moments.ts';
import { integerTypes, irisType, textTypes, typeUse, type PgType, type TypeUse } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { vectorText } from './vector-text.ts';

/** CAST(x AS t), with what PostgreSQL does on the way: numbers are rounded, constants are checked. */
export function castValue(p: Printing, { arg, typeName }: TypeCast, scope: Scope): string {
  const location = typeName?.location;
  const use = typeUse(typeName);
  const name = namesOf(typeName?.names).at(-1) ?? 'this type';
  if (use === undefined) return p.catalog.isEnum(name) ? p.value(arg, scope) : refuse(`a cast to ${name}`, location);
  if (use.type === 'vector') return vectorValue(p, arg, use, scope, location);
  const text = untypedText(arg);
  const moment = momentConstant(p, arg, use.type);
  if (text !== undefined && moment === undefined) checkConstant(use.type, text, bodyOf(arg, 'A_Const')?.location);
  const type = irisType(use) ?? refuse(`${name} of this size`, location);
  if (use.type === 'bool') learnType(p, arg, 'bool');
  if (use.type === 'bool') return boolValue(p, arg, text, scope, bodyOf(arg, 'A_Const')?.location ?? location);
  learnType(p, arg, use.type);
  const value = moment ?? operand(p, arg, scope);
  const from = typeOf(p, arg, scope);
  if (textTypes.has(use.type) && from === 'bool') return `CASE ${value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END`;
  if (integerTypes.has(use.type)) return integerValue(p, arg, value, from, type, location);
  return `CAST(${value} AS ${type})`;
}

function untypedText(node: Node | undefined): string | undefined {
  return bodyOf(node, 'A_Const')?.sval === undefined ? undefined : constantText(node);
}

/** IRIS cuts the fraction off, and reads text that is no number as 0. */
function integerValue(
  p: Printing,
  arg: Node | undefined,
  value: string,
  from: PgType | undefined,
  type: string,
  location?: number,
): string {
  if (textTypes.has(from)) return refuse('a cast of text to a number', location, 'IRIS takes text that is none for 0.');
  const isWhole =
    from === 'bool' ||
    integerTypes.has(from) ||
    untypedText(arg) !== undefined ||
    bodyOf(arg, 'ParamRef') !== undefined ||
    bodyOf(arg, 'A_Const')?.isnull === true;
  if (isWhole) return `CAST(${value} AS ${type})`;
  return `CAST(${from === 'float4' || from === 'float8' ? evenly(value) : `ROUND(${value}, 0)`} AS ${type})`;
}

/** Halves of a float go to the even neighbour in PostgreSQL, away from 0 in IRIS. */
export function evenly(value: string): string {
  const isOdd = `ABS(${value} - ROUND(${value}, 0, 1)) = 0.5 AND MOD(ROUND(${value}, 0), 2) <> 0`;
  return `(ROUND(${value}, 0) - CASE WHEN ${isOdd} THEN SIGN(${value}) ELSE 0 END)`;
}

const booleans: Readonly<Record<string, string>> = {
  t: '1', true: '1', y: '1', yes: '1', on: '1', '1': '1', f: '0', false: '0', n: '0', no: '0', off: '0', '0': '0',
}; // prettier-ignore

function boolValue(
  p: Printing,
  arg: Node | undefined,
  text: string | undefined,
  scope: Scope,
  location?: number,
): string {
  if (text !== undefined) return booleans[text.trim().toLowerCase()] ?? invalid('boolean', location);
  const from = typeOf(p, arg, scope);
  const value = operand(p, arg, scope);
  const isPlain = bodyOf(arg, 'ParamRef') !== undefined || bodyOf(arg, 'A_Const')?.isnull === true;
  if (from === 'bool' || isPlain) return `CAST(${value} AS BIT)`;
  if (!integerTypes.has(from)) return refuse('a cast to boolean of something that is no integer', location);
  return `CASE WHEN ${value} <> 0 THEN 1 WHEN ${value} = 0 THEN 0 END`;
}

const numeral = /^\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*$/;

/** Text that is of its type in one notation only: anything else would be read in one way here and in another way there. */
const notations: { readonly [Type in PgType]?: RegExp } = {
  int2: /^\s*[+-]?\d+\s*$/,
  int4: /^\s*[+-]?\d+\s*$/,
  int8: /^\s*[+-]?\d+\s*$/,
  numeric: numeral,
  float4: numeral,
  float8: numeral,
  time: /^([01]\d|2[0-3]):[0-5]\d(:[0-5]\d(\.\d{1,6})?)?$/,
  uuid: /^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$/,
};

function checkConstant(type: PgType, text: string, location?: number): void {
  if (notations[type]?.test(text) === false) invalid(type, location);
}

/** Without the text itself: it is the user's. */
function invalid(type: string, location?: number): never {
  const sqlstate = type === 'time' ? '22007' : '22P02';
  throw new Refusal(`invalid input syntax for type ${type}, or a notation that IRIS does not read`, {
    sqlstate,
    location,
  });
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
