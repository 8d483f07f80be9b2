import type { FuncCall, Node, RangeFunction, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, kindOf, lastNameOf, namesOf } from '../ast.ts';
import { arrayMembers } from './arrays.ts';
import { seriesQuery } from './counted-series.ts';
import { intervalValue } from './interval-text.ts';
import { number } from './node-builders.ts';
import { typeUse } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

const rowsMax = 1_000;

/** generate_series or unnest of constants, expanded to a query, with its alias and columns. */
export interface Series {
  readonly select: SelectStmt;
  readonly alias: string;
  readonly columns: readonly string[];
  /** A column with unique values. */
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
  const names = namesOf(alias?.colnames);
  const width = isSeries ? 1 : (call.args?.length ?? 1);
  if (width > 1 && names.length < width)
    return refuse('several arrays in unnest without names of their columns', call.location, 'Say AS t (a, b).');
  const values = width > 1 ? names.slice(0, width) : [names[0] ?? own];
  const ordinal = names[width] ?? 'ordinality';
  const columns = isNumbered ? [...values, ordinal] : values;
  const named = { alias: own, columns, key: isSeries ? columns[0] : isNumbered ? ordinal : undefined };
  if (isSeries && constants === undefined) return { ...named, select: seriesQuery(p, call, scope, isNumbered) };
  const lists = constants === undefined ? listsOf(call) : [{ none: number(0), values: constants }];
  const rows = rowsOf(lists).map((row, at) => (isNumbered ? [...row, asBigint(number(at + 1))] : row));
  const none = lists.map((list) => list.none);
  const empty = (isNumbered ? [...none, asBigint(number(0))] : none).map((val): Node => ({ ResTarget: { val } }));
  const select: SelectStmt =
    rows.length === 0
      ? { targetList: empty, whereClause: never }
      : { valuesLists: rows.map((items) => ({ List: { items } })) };
  return { ...named, select };
}

/** The rows of `SELECT * FROM unnest('{1,2}'::int[], ...)`; undefined for any other query. */
export function unnestedRows({ fromClause = [], targetList = [], ...more }: SelectStmt): Node[][] | undefined {
  const { functions = [], ordinality, is_rowsfrom } = bodyOf(fromClause[0], 'RangeFunction') ?? {};
  const call = bodyOf(bodyOf(functions[0], 'List')?.items?.[0], 'FuncCall');
  const fields = bodyOf(bodyOf(targetList[0], 'ResTarget')?.val, 'ColumnRef')?.fields ?? [];
  const isStar = targetList.length === 1 && fields.length === 1 && bodyOf(fields[0], 'A_Star') !== undefined;
  const isAlone = fromClause.length === 1 && ordinality !== true && is_rowsfrom !== true;
  const isMore = Object.keys(more).some((part) => part !== 'limitOption' && part !== 'op');
  if (call === undefined || lastNameOf(call.funcname) !== 'unnest' || !isStar || !isAlone || isMore) return undefined;
  return rowsOf(listsOf(call));
}

interface Members {
  readonly values: readonly Node[];
  /** A typed NULL, for an empty list. */
  readonly none: Node;
}

/** Rows of several lists; shorter ones are padded with NULL. */
function rowsOf(lists: readonly Members[]): Node[][] {
  const length = Math.max(0, ...lists.map(({ values }) => values.length));
  return Array.from({ length }, (_, at) => lists.map(({ values, none }) => values[at] ?? none));
}

/** The constant lists of unnest(array[...], '{...}'::int[], ...). */
const listsOf = ({ args = [], location }: FuncCall): readonly Members[] => args.map((arg) => membersOf(arg, location));

function membersOf(array: Node, location?: number): Members {
  const cast = bodyOf(array, 'TypeCast');
  const { arrayBounds, ...member } = cast?.typeName ?? {};
  const isTyped = cast !== undefined && arrayBounds !== undefined;
  const isOfType = cast === undefined ? bodyOf(array, 'A_ArrayExpr') !== undefined : isTyped;
  const elements = isOfType ? arrayMembers(array) : undefined;
  if (elements?.some((each) => hasPart(each, isOfTablesOrNested)) !== false)
    return refuse(
      'unnest of something other than an array of constants',
      location,
      'array[...] of constants and parameters is, and a parameter that is cast to an array.',
    );
  if (elements.length === 0 && !isTyped)
    throw new Refusal('cannot determine type of empty array', { sqlstate: '42P18', location: placeOf(array) });
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

/** The values of generate_series; undefined if its bounds are not constant. */
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

/** Adds the step repeatedly, as PostgreSQL does with intervals: a day beyond the end of a month becomes its last day. */
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

/** Converts a date to timestamptz. */
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
