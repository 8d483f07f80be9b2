import type { FuncCall, Node, RangeFunction, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, kindOf, namesOf } from '../ast.ts';
import { seriesQuery } from './counted-series.ts';
import { intervalValue } from './interval-text.ts';
import { number } from './made-nodes.ts';
import { typeUse } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

const rowsMax = 1_000;

/** generate_series, or unnest of constants, written out: a query, and what it and its columns are called. */
export interface Series {
  readonly select: SelectStmt;
  readonly alias: string;
  readonly columns: readonly string[];
  /** A column of which no two rows have the same. */
  readonly key: string | undefined;
}

/** @throws Refusal for any other function in FROM */
export function seriesOf(
  p: Printing,
  { functions = [], alias, ordinality, is_rowsfrom }: RangeFunction,
  scope: Scope,
): Series {
  const call = bodyOf(bodyOf(functions[0], 'List')?.items?.[0], 'FuncCall');
  const name = namesOf(call?.funcname).at(-1);
  const isSeries = name === 'generate_series';
  if (call === undefined || (!isSeries && name !== 'unnest') || is_rowsfrom === true)
    return refuse('a function in FROM', call?.location);
  const isNumbered = ordinality === true;
  const constants = isSeries ? valuesOf(call) : undefined;
  const own = alias?.aliasname ?? name;
  const [column = own, ordinal = 'ordinality'] = namesOf(alias?.colnames);
  const columns = isNumbered ? [column, ordinal] : [column];
  const named = { alias: own, columns, key: isSeries ? column : isNumbered ? ordinal : undefined };
  if (isSeries && constants === undefined) return { ...named, select: seriesQuery(p, call, scope, isNumbered) };
  const { none, values } = constants === undefined ? membersOf(call) : { none: number(0), values: constants };
  const rows = values.map((value, at) => (isNumbered ? [value, asBigint(number(at + 1))] : [value]));
  const empty = (isNumbered ? [none, asBigint(number(0))] : [none]).map((val): Node => ({ ResTarget: { val } }));
  const select: SelectStmt =
    rows.length === 0
      ? { targetList: empty, whereClause: never }
      : { valuesLists: rows.map((items) => ({ List: { items } })) };
  return { ...named, select };
}

interface Members {
  readonly values: readonly Node[];
  /** Of their type, where there are none. */
  readonly none: Node;
}

/** unnest(array[...]) of what says nothing of the tables beside it. */
function membersOf({ args = [], location }: FuncCall): Members {
  const cast = bodyOf(args[0], 'TypeCast');
  const array = bodyOf(cast === undefined ? args[0] : cast.arg, 'A_ArrayExpr');
  const { arrayBounds, ...member } = cast?.typeName ?? {};
  const elements = array?.elements ?? [];
  const isTyped = cast !== undefined && arrayBounds !== undefined;
  const isFlat = !elements.some((each) => hasPart(each, isOfTablesOrNested));
  if (array === undefined || args.length > 1 || (cast !== undefined && !isTyped) || !isFlat)
    return refuse('unnest of what is no array of constants', location, 'array[...] of constants and parameters is.');
  if (elements.length === 0 && !isTyped)
    throw new Refusal('cannot determine type of empty array', { sqlstate: '42P18', location: placeOf(args[0]) });
  if (elements.length > rowsMax) return refuse(`unnest of more than ${rowsMax} rows`, location);
  const typed = (arg: Node): Node => (isTyped ? { TypeCast: { arg, typeName: member } } : arg);
  return { values: elements.map(typed), none: typed({ A_Const: { isnull: true, location: -1 } }) };
}

const isOfTablesOrNested = (node: Node): boolean =>
  ['ColumnRef', 'SubLink', 'A_ArrayExpr', 'FuncCall'].includes(kindOf(node));

const asBigint = (arg: Node): Node => ({
  TypeCast: { arg, typeName: { names: [{ String: { sval: 'int8' } }], location: -1 } },
});

const never: Node = { A_Const: { boolval: { boolval: false } } };

/** Undefined where what it counts is no constant. */
function valuesOf({ args = [], location }: FuncCall): readonly Node[] | undefined {
  const integers = args.map((arg) => bodyOf(arg, 'A_Const')?.ival);
  if (args.length >= 2 && !integers.includes(undefined)) {
    const [from = 0, to = 0, step = 1] = integers.map((each) => each?.ival ?? 0);
    return counted(from, to, step, (at) => at + step, location).map(number);
  }
  const [from, to, step] = args;
  const start = momentOf(from);
  const end = momentOf(to, start?.type);
  const stride = bodyOf(step, 'TypeCast');
  const isStride = stride === undefined || typeUse(stride.typeName)?.type === 'interval';
  const text = bodyOf(stride === undefined ? step : stride.arg, 'A_Const')?.sval?.sval ?? '';
  const { months, days, micros } = (isStride && intervalValue(text)) || noStride;
  const milliseconds = days * 86_400_000 + micros / 1_000;
  if (start === undefined || end?.type !== start.type || !Number.isInteger(milliseconds) || months * milliseconds < 0)
    return undefined;
  const next = (at: number): number => moved(at, months) + milliseconds;
  return counted(start.at, end.at, months + milliseconds, next, location).map((at): Node => {
    const text = new Date(at).toISOString().slice(0, 19).replace('T', ' ');
    return {
      TypeCast: {
        arg: { A_Const: { sval: { sval: text }, location: location ?? -1 } },
        typeName: { names: [{ String: { sval: start.type } }], location: location ?? -1 },
      },
    };
  });
}

const noStride = { months: 0, days: 0, micros: Number.NaN };

/** Each value comes of the one before it, as PostgreSQL adds intervals: a day that a month has not is its last. */
function counted(from: number, to: number, step: number, next: (at: number) => number, location?: number): number[] {
  if (step === 0) return refuse('generate_series by 0', location);
  const values: number[] = [];
  for (let at = from; step > 0 ? at <= to : at >= to; at = next(at)) {
    if (values.length === rowsMax) return refuse(`generate_series of more than ${rowsMax} rows`, location);
    values.push(at);
  }
  return values;
}

function moved(at: number, months: number): number {
  if (months === 0) return at;
  const date = new Date(at);
  const day = date.getUTCDate();
  date.setUTCDate(1);
  date.setUTCMonth(date.getUTCMonth() + months);
  const last = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  date.setUTCDate(Math.min(day, last));
  return date.getTime();
}

interface Moment {
  readonly at: number;
  readonly type: string;
}

/** Days become moments with a zone there. */
function momentOf(node: Node | undefined, other?: string): Moment | undefined {
  const cast = bodyOf(node, 'TypeCast');
  const type = cast === undefined ? other : typeUse(cast.typeName)?.type;
  const text = bodyOf(cast === undefined ? node : cast.arg, 'A_Const')?.sval?.sval ?? '';
  const isWhole = /^\d{4}-\d\d-\d\d(?: \d\d:\d\d(?::\d\d)?)?$/.test(text);
  const at = Date.parse(`${text.length === 10 ? `${text} 00:00` : text}Z`.replace(' ', 'T'));
  if (!isWhole || Number.isNaN(at)) return undefined;
  if (type === 'date') return text.length === 10 ? { at, type: 'timestamptz' } : undefined;
  return type === 'timestamp' || type === 'timestamptz' ? { at, type } : undefined;
}
