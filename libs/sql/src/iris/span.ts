import type { A_Expr, FuncCall, Node, TypeCast } from 'libpg-query';
import { bodyOf, constantText, namesOf } from '../ast.ts';
import { ageParts } from './age.ts';
import { operand } from './expression.ts';
import { isOfOther, isUntypedConstant, inferType, typeOf } from './inference.ts';
import { intervalValue, microsPerDay, microsPerSecond, smallestField, type IntervalValue } from './interval-text.ts';
import { integerTypes, numberTypes, timeTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';
import { typedValue } from './typed-constants.ts';

/** An integer, or the SQL of one. */
export type Amount = number | string;

/** An interval, for which IRIS has no type: amounts by unit. As a value it is a number of microseconds. */
export interface Span {
  readonly months: Amount;
  readonly days: Amount;
  readonly seconds: Amount;
  readonly micros: Amount;
}

const none: Span = { months: 0, days: 0, seconds: 0, micros: 0 };
const fields = ['months', 'days', 'seconds', 'micros'] as const;

const each = (change: (field: (typeof fields)[number]) => Amount): Span => ({
  months: change('months'),
  days: change('days'),
  seconds: change('seconds'),
  micros: change('micros'),
});

const ofValue = ({ months, days, micros }: IntervalValue): Span => {
  const seconds = Math.trunc(micros / microsPerSecond);
  return { months, days, seconds, micros: micros - seconds * microsPerSecond };
};

/** The parts of an interval expression. Of a column or function only the microseconds are known. @throws Refusal */
export function spanOf(p: Printing, node: Node | undefined, scope: Scope): Span {
  if (isUntypedConstant(node)) return constantSpan(node, undefined);
  const number = bodyOf(node, 'ParamRef')?.number;
  if (number !== undefined) return parameterSpan(p, node, number);
  const cast = bodyOf(node, 'TypeCast');
  if (cast !== undefined) return castSpan(p, cast, scope);
  const expression = bodyOf(node, 'A_Expr');
  if (expression?.kind === 'AEXPR_OP') return operatorSpan(p, expression, scope);
  const call = bodyOf(node, 'FuncCall');
  const name = namesOf(call?.funcname).at(-1);
  if (call !== undefined && name === 'make_interval') return madeSpan(p, call, scope);
  if (call !== undefined && name === 'age') return { ...none, ...ageParts(p, call, scope, call.location) };
  return { ...none, micros: operand(p, node, scope) };
}

/** Prints an interval as its microseconds. */
export function printSpan(p: Printing, node: Node | undefined, scope: Scope): string {
  const span = spanOf(p, node, scope);
  if (span.months !== 0)
    return refuse('an interval of months as a value', placeOf(node), 'Months differ in length: use days.');
  return String(total(span));
}

/** The same for comparisons, in which a month has 30 days. */
export function comparedSpan(p: Printing, node: Node | undefined, scope: Scope): string {
  const span = spanOf(p, node, scope);
  const compared = String(total({ ...span, months: 0, days: sum(span.days, times(span.months, 30)) }));
  return /^-?\d+$|^[\w.]+$/.test(compared) ? compared : `(${compared})`;
}

const total = ({ days, seconds, micros }: Span): Amount =>
  sum(sum(times(days, microsPerDay), times(seconds, microsPerSecond)), micros);

function constantSpan(node: Node | undefined, cast: TypeCast | undefined): Span {
  const [mask, precision] = cast?.typeName?.typmods ?? [];
  const location = bodyOf(node, 'A_Const')?.location ?? cast?.location;
  if (precision !== undefined) return refuse('an interval of a precision', location);
  const value = intervalValue(constantText(node) ?? '', smallestField(Number(constantText(mask) ?? 0x7fff)));
  if (bodyOf(node, 'A_Const')?.isnull === true) return { ...none, micros: 'NULL' };
  if (value !== undefined) return ofValue(value);
  throw new Refusal('invalid input syntax for type interval, or a notation that is not translated', {
    sqlstate: '22007',
    location,
  });
}

function parameterSpan(p: Printing, node: Node | undefined, number: number): Span {
  inferType(p, node, 'interval');
  return { ...none, months: p.marks.parameter(number, 'months'), micros: p.marks.parameter(number, 'time') };
}

function castSpan(p: Printing, cast: TypeCast, scope: Scope): Span {
  const { arg, typeName } = cast;
  if (isUntypedConstant(arg)) return constantSpan(arg, cast);
  const isPlain = typeName?.typmods === undefined;
  if (isPlain && bodyOf(arg, 'ParamRef') !== undefined) return spanOf(p, arg, scope);
  if (isPlain && typeOf(p, arg, scope) === 'interval') return spanOf(p, arg, scope);
  const [count, unit] = isPlain ? joined(arg) : [];
  const one = unit === undefined ? undefined : intervalValue(`1 ${unit}`);
  if (count === undefined || one === undefined)
    return refuse('a cast of this to interval', typeName?.location, "Write n * interval '1 day'.");
  return scaled(p, ofValue(one), count, scope);
}

/** The count and unit of `n || ' days'`, an old way to write a variable interval. */
function joined(node: Node | undefined): readonly [count?: Node, unit?: string] {
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  const unit = /^\s*([a-z]+)\s*$/i.exec(constantText(rexpr) ?? '')?.[1];
  if (kind !== 'AEXPR_OP' || namesOf(name).at(-1) !== '||' || lexpr === undefined || unit === undefined) return [];
  const cast = bodyOf(lexpr, 'TypeCast');
  const isText = ['text', 'varchar'].includes(namesOf(cast?.typeName?.names).at(-1) ?? '');
  return [isText && cast?.arg !== undefined ? cast.arg : lexpr, unit];
}

function operatorSpan(p: Printing, { name, lexpr, rexpr, location }: A_Expr, scope: Scope): Span {
  const operator = namesOf(name).at(-1) ?? '';
  if (lexpr === undefined) return each((field) => negated(spanOf(p, rexpr, scope)[field]));
  const types = [typeOf(p, lexpr, scope), typeOf(p, rexpr, scope)] as const;
  switch (operator) {
    case '-':
      if (types[0] !== 'interval') return difference(p, lexpr, rexpr, scope, location);
      return added(
        spanOf(p, lexpr, scope),
        each((field) => negated(spanOf(p, rexpr, scope)[field])),
      );
    case '+':
      return added(spanOf(p, lexpr, scope), spanOf(p, rexpr, scope));
    case '*':
      return types[0] === 'interval'
        ? scaled(p, spanOf(p, lexpr, scope), rexpr, scope)
        : scaled(p, spanOf(p, rexpr, scope), lexpr, scope);
    case '/': {
      const span = spanOf(p, lexpr, scope);
      if (span.months !== 0) return refuse('a part of months', location);
      inferType(p, rexpr, 'float8');
      return { ...none, micros: `ROUND((${total(span)}) / ${operand(p, rexpr, scope)}, 0)` };
    }
    default:
      return refuse(`the operator ${operator} with an interval`, location);
  }
}

const added = (left: Span, right: Span): Span => each((field) => sum(left[field], right[field]));

/** The interval between two points in time. */
function difference(p: Printing, to: Node | undefined, from: Node | undefined, scope: Scope, location?: number): Span {
  const own = [from, to].map((node) => (isOfOther(p, node) ? undefined : typeOf(p, node, scope)));
  const sides = [from, to].map((node, place) => {
    const type = own[place] ?? (isOfOther(p, node) ? own[1 - place] : undefined);
    if (!timeTypes.has(type) && type !== 'time')
      return refuse('arithmetic with times', location, 'Cast both sides to timestamp.');
    if (own[place] === undefined) inferType(p, node, type);
    const value = (own[place] === undefined ? typedValue(p, node, type) : undefined) ?? p.value(node, scope);
    if (type === 'time') return momentOfTime(value);
    return type === 'date' ? `CAST(${value} AS TIMESTAMP)` : value;
  });
  return { ...none, micros: `DATEDIFF('microsecond', ${sides.join(', ')})` };
}

/** Multiplies an interval; fractions of a day become time, as days have 24 hours in UTC. */
function scaled(p: Printing, span: Span, factor: Node | undefined, scope: Scope): Span {
  const type = typeOf(p, factor, scope);
  const isWhole = integerTypes.has(type);
  if (!isWhole && type !== undefined && !numberTypes.has(type))
    return refuse(`an interval times ${type}`, placeOf(factor));
  inferType(p, factor, 'float8');
  const constant = isWhole ? Number(constantText(factor) ?? Number.NaN) : Number.NaN;
  const by = operand(p, factor, scope);
  if (Number.isSafeInteger(constant)) return each((field) => times(span[field], constant));
  if (isWhole) return each((field) => product(span[field], by));
  if (span.months !== 0)
    return refuse('months times a number that may have a fraction', placeOf(factor), 'Cast it to int.');
  return { ...none, micros: `ROUND(${operandOf(total(span))} * ${by}, 0)` };
}

const madeFields: ReadonlyMap<string, Span> = new Map([
  ['years', { ...none, months: 12 }],
  ['months', { ...none, months: 1 }],
  ['weeks', { ...none, days: 7 }],
  ['days', { ...none, days: 1 }],
  ['hours', { ...none, seconds: 3_600 }],
  ['mins', { ...none, seconds: 60 }],
  ['secs', { ...none, seconds: 1 }],
]);

/** make_interval(years, months, weeks, days, hours, mins, secs), in this order or by name. */
function madeSpan(p: Printing, { args = [], location }: FuncCall, scope: Scope): Span {
  const names = [...madeFields.keys()];
  return args.reduce((span, arg, place) => {
    const given = bodyOf(arg, 'NamedArgExpr');
    const unit = madeFields.get(given?.name ?? names[place] ?? '');
    if (unit === undefined) return refuse('this argument of make_interval', location);
    return added(span, scaled(p, unit, given?.arg ?? arg, scope));
  }, none);
}

const operandOf = (amount: Amount): string =>
  typeof amount === 'number' && amount >= 0 ? String(amount) : `(${amount})`;

function sum(left: Amount, right: Amount): Amount {
  if (typeof left === 'number' && typeof right === 'number') return left + right;
  if (left === 0) return right;
  return right === 0 ? left : `${operandOf(left)} + ${operandOf(right)}`;
}

function times(amount: Amount, by: number): Amount {
  if (typeof amount === 'number') return amount * by;
  return by === 1 ? amount : `${operandOf(amount)} * ${operandOf(by)}`;
}

function product(amount: Amount, by: string): Amount {
  if (amount === 0) return 0;
  return amount === 1 ? by : `${operandOf(amount)} * ${by}`;
}

const negated = (amount: Amount): Amount => (typeof amount === 'number' ? 0 - amount : `-(${amount})`);

/** Adds an interval to a timestamp as PostgreSQL does: months first, then days, then time. */
export function movedMoment(moment: string, span: Span, isBack: boolean): string {
  const steps = [
    ['month', span.months],
    ['day', span.days],
    ['second', span.seconds],
    ['microsecond', span.micros],
  ] as const;
  return steps.reduce((value, [unit, amount]) => {
    const count = isBack ? negated(amount) : amount;
    return count === 0 ? value : `DATEADD('${unit}', ${count}, ${value})`;
  }, moment);
}

/**
 * Converts a time of day to a timestamp, for DATEADD and DATEDIFF.
 * @param day the SQL of a date; any date will do
 */
export const momentOfTime = (time: string, day = "'2000-01-01'"): string =>
  `CAST(${day} || ' ' || CAST(${time} AS VARCHAR(65535)) AS TIMESTAMP)`;

/** The part of an interval that affects a time of day. */
export const timeOf = (span: Span): Span => ({ ...span, months: 0, days: 0 });

const fieldsOfSpan: Readonly<Record<string, (micros: string) => string>> = {
  epoch: (micros) => `(${micros} / ${microsPerSecond})`,
  day: (micros) => `(${micros} \\ ${microsPerDay})`,
  hour: (micros) => `(MOD(${micros}, ${microsPerDay}) \\ ${3_600 * microsPerSecond})`,
  minute: (micros) => `(MOD(${micros}, ${3_600 * microsPerSecond}) \\ ${60 * microsPerSecond})`,
  second: (micros) => `(MOD(${micros}, ${60 * microsPerSecond}) / ${microsPerSecond})`,
};

/** extract(field from interval) */
export function printSpanField(
  p: Printing,
  field: string,
  node: Node | undefined,
  scope: Scope,
  location?: number,
): string {
  const print = fieldsOfSpan[field];
  if (print === undefined) return refuse(`extract(${field}) from an interval`, location);
  if (field !== 'epoch' && !isDifference(p, node, scope))
    return refuse(`extract(${field}) from such an interval`, location, 'extract(epoch from ...) is translated.');
  return print(operandOf(printSpan(p, node, scope)));
}

const ofTheSame: ReadonlySet<string> = new Set(['min', 'max', 'lag', 'lead', 'first_value']);

/** Whether an interval has days of 24 hours and the rest as time, like a difference of timestamps; `24:00` and `1 day` differ otherwise. */
export function isDifference(p: Printing, node: Node | undefined, scope: Scope): boolean {
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  if (kind === 'AEXPR_OP' && lexpr !== undefined)
    return (
      namesOf(name).at(-1) === '-' &&
      (timeTypes.has(typeOf(p, lexpr, scope)) || typeOf(p, lexpr, scope) === 'time' || isOfOther(p, lexpr)) &&
      typeOf(p, rexpr, scope) !== 'interval'
    );
  const column = bodyOf(node, 'ColumnRef');
  if (column !== undefined) return scope.column(column)?.isDifference === true;
  const call = bodyOf(node, 'FuncCall');
  return (
    ofTheSame.has(namesOf(call?.funcname).at(-1) ?? '') &&
    call?.args?.length === 1 &&
    isDifference(p, call.args[0], scope)
  );
}
