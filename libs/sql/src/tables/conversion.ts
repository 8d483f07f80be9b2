import type { Node } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { cellOf, cellText, cellTypes, dayOf, type Cell, type CellType } from './cell.ts';
import { fail, notSupported, type Compiled, type Typed } from './compiled.ts';
import type { Parameters } from './parameters.ts';

const typeNames: Readonly<Record<string, CellType>> = {
  bool: 'bool',
  int2: 'int4',
  int4: 'int4',
  int8: 'int8',
  oid: 'int8',
  float4: 'float8',
  float8: 'float8',
  numeric: 'float8',
  text: 'text',
  varchar: 'text',
  bpchar: 'text',
  char: 'text',
  name: 'text',
  regclass: 'text',
  regtype: 'text',
  regproc: 'text',
  regnamespace: 'text',
  date: 'date',
  timestamptz: 'timestamptz',
  timestamp: 'timestamptz',
  interval: 'interval',
};

export function typeNamed(name: string): CellType {
  return Object.hasOwn(typeNames, name) ? (typeNames[name] as CellType) : notSupported(`type "${name}"`);
}

const isTime = (type: CellType): boolean => type === 'date' || type === 'timestamptz' || type === 'interval';

/** Reads a text as a value. @throws Refusal 22P02 */
export function valueOf(text: string, type: CellType, nowMs: number): Cell {
  const value = cellOf(text, type, nowMs);
  if (value !== undefined) return value;
  const sqlstate = isTime(type) ? '22007' : '22P02';
  return fail(sqlstate, `invalid input syntax for type ${cellTypes[type].name}`);
}

const ranks: Readonly<Partial<Record<CellType, number>>> = { int4: 0, int8: 1, float8: 2 };
/** Types that convert implicitly to a later one: a date to a timestamp. */
const rankOfTimes: Readonly<Partial<Record<CellType, number>>> = { date: 0, timestamptz: 1 };

/** The type to which both convert implicitly; undefined if there is none. */
export function commonType(one: Compiled['type'], other: Compiled['type']): CellType | undefined {
  if (one === 'unknown') return other === 'unknown' ? 'text' : other;
  if (other === 'unknown' || one === other) return one;
  for (const rank of [ranks, rankOfTimes]) {
    const [a, b] = [rank[one], rank[other]];
    if (a !== undefined && b !== undefined) return a >= b ? one : other;
  }
  return undefined;
}

/** Converts implicitly: to a wider number, or from `unknown`. @throws Refusal 42846 */
export function as(compiled: Compiled, type: CellType, parameters: Parameters): Typed {
  const { unknown } = compiled;
  if (compiled.type === type) return { ...compiled, type };
  if (compiled.type === 'unknown') {
    if (unknown !== undefined && 'parameter' in unknown) {
      const settled = parameters.settle(unknown.parameter, type);
      return settled.type === type ? settled : as(settled, type, parameters);
    }
    return literalAs(unknown?.literal ?? null, type);
  }
  if (commonType(compiled.type, type) === type) return { ...compiled, type };
  return fail('42846', `cannot take type ${cellTypes[compiled.type].name} as ${cellTypes[type].name}`);
}

function literalAs(literal: string | null, type: CellType): Typed {
  if (literal === null) return { type, evaluate: () => null, isConstant: true };
  // 'now' is evaluated per execution.
  if (type === 'timestamptz' || type === 'date') {
    valueOf(literal, type, 0);
    return { type, evaluate: (_row, { nowMs }) => valueOf(literal, type, nowMs), isConstant: true };
  }
  const value = valueOf(literal, type, 0);
  return { type, evaluate: () => value, isConstant: true };
}

/** Gives type text to an expression that is still `unknown`. */
export function typed(compiled: Compiled, parameters: Parameters): Typed {
  return as(compiled, compiled.type === 'unknown' ? 'text' : compiled.type, parameters);
}

/** CAST. @throws Refusal 42846 */
export function cast(compiled: Compiled, type: CellType, parameters: Parameters): Typed {
  if (compiled.type === 'unknown') return as(compiled, type, parameters);
  const from = compiled.type;
  const convert = conversion(from, type);
  if (convert === undefined) fail('42846', `cannot cast type ${cellTypes[from].name} to ${cellTypes[type].name}`);
  const isRounded = compiled.isDecimal === true && (type === 'int4' || type === 'int8');
  return {
    type,
    ...(compiled.isConstant !== undefined && { isConstant: compiled.isConstant }),
    evaluate: (row, run) => {
      const value = compiled.evaluate(row, run);
      if (value === null) return null;
      return isRounded ? numberAs(roundedAway(Number(value)), type) : convert(value, run.nowMs);
    },
  };
}

function conversion(from: CellType, to: CellType): ((value: Exclude<Cell, null>, nowMs: number) => Cell) | undefined {
  if (from === to) return (value) => value;
  if (to === 'text') return (value) => (from === 'bool' ? (value === true ? 'true' : 'false') : cellText(value, from));
  if (from === 'text') return (value, nowMs) => valueOf(String(value), to, nowMs);
  if (from in ranks && to in ranks) return (value) => numberAs(Number(value), to);
  if (from === 'date' && to === 'timestamptz') return (value) => value;
  if (from === 'timestamptz' && to === 'date') return (value) => dayOf(Number(value));
  if (from === 'bool' && to === 'int4') return (value) => (value === true ? 1 : 0);
  if (from === 'int4' && to === 'bool') return (value) => value !== 0;
  return undefined;
}

/** Rounds half to even, as PostgreSQL does for floats. @throws Refusal 22003 */
export function numberAs(value: number, type: CellType): number {
  if (type === 'float8') return value;
  const max = type === 'int4' ? 2 ** 31 - 1 : Number.MAX_SAFE_INTEGER;
  const rounded = roundedToEven(value);
  if (!(Math.abs(rounded) <= max)) fail('22003', `${cellTypes[type].name} out of range`);
  return rounded;
}

/** Rounds half away from zero, as PostgreSQL does for numeric. */
export const roundedAway = (value: number): number => Math.sign(value) * Math.round(Math.abs(value));

export function roundedToEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** Applies the size of a cast's type: truncates texts, and checks the range of int2. */
export function sized(value: Typed, name: string, typmods: readonly Node[] | undefined, location?: number): Typed {
  const size = bodyOf(typmods?.[0], 'A_Const')?.ival?.ival;
  if (name === 'int2')
    return strictOf(value, (number) => {
      if (Math.abs(Number(number) + 0.5) > 2 ** 15) fail('22003', 'smallint out of range');
      return number;
    });
  if (name === 'numeric' && typmods === undefined) return { ...value, isDecimal: true };
  if (typmods === undefined) return value;
  if ((name !== 'varchar' && name !== 'bpchar') || size === undefined || (name === 'bpchar' && size > 1))
    return notSupported(`a size of type ${name}`, location);
  return strictOf(value, (text) => Array.from(String(text)).slice(0, size).join(''));
}

function strictOf(value: Typed, change: (value: Exclude<Cell, null>) => Cell): Typed {
  return {
    ...value,
    evaluate: (row, run) => {
      const cell = value.evaluate(row, run);
      return cell === null ? null : change(cell);
    },
  };
}
