import type { FuncCall, Node, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart } from '../ast.ts';
import { isUntypedConstant, typeOf, wider } from './inference.ts';
import { intervalValue } from './interval-text.ts';
import { castTo, columnOf, number, operator, target, booleanNode, when } from './node-builders.ts';
import { integerTypes, timeTypes, typeUse, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

/** Maximum digits of row numbers; a series with more rows fails by a division by zero. */
const digitsMax = 4;

/** Maximum span of a series in years: dates in IRIS end at 9999, and each row number is evaluated. */
const yearsMax = 1_500;

/** generate_series over a query of row numbers, joined with a one-row query of its bounds. */
export interface CountedSeries {
  readonly from: Node;
  readonly to: Node;
  /** The value of a row, and the condition that it is within bounds, over the columns of `ends` and `numbers`. */
  readonly value: Node;
  readonly isWithin: Node;
  readonly numbers: Node;
}

/** Aliases of the query of the bounds, its columns, and the query of the numbers. */
export const ends = { query: 'iris_e', from: 'iris_f', to: 'iris_t' } as const;
const numbersAlias = 'iris_k';
const count = columnOf(numbersAlias, 'n');

/** @throws Refusal */
export function countedSeries(p: Printing, { args = [], location }: FuncCall, scope: Scope): CountedSeries {
  const [from, to, step] = args;
  if (from === undefined || to === undefined || args.length > 3)
    return refuse(`generate_series with ${args.length} arguments`, location);
  const types = [from, to].map((node) => typeOf(p, node, scope)) as [PgType | undefined, PgType | undefined];
  const { type, by, isDownwards, hasMonths, years } =
    integerStep(types, step) ??
    momentStep(types, [from, to], step) ??
    refuse(
      'this generate_series',
      location,
      'Of integers by a constant, and of dates and moments by a constant interval it is translated.',
    );
  const [first, last] = [columnOf(ends.query, ends.from), columnOf(ends.query, ends.to)];
  const valueAt = (at: Node): Node => operator('+', first, operator('*', at, by));
  const isUpTo = (at: Node): Node => operator(isDownwards ? '>=' : '<=', valueAt(at), last);
  const digitsOfRows = Math.min(digitsMax, Math.floor(Math.log10(yearsMax / years)));
  if (digitsOfRows < 2) return refuse('generate_series by so many years', location);
  const failed = operator('/', number(1), operator('-', count, count));
  const isTooLong = isUpTo(number(10 ** digitsOfRows));
  // PostgreSQL continues from the last day of a month once it was clamped to it.
  const isLate = operator('>', callOf2('date_part', 'day', first), number(28));
  const isFailure = hasMonths
    ? booleanNode('OR_EXPR', [isTooLong, booleanNode('AND_EXPR', [isLate, isUpTo(number(1))])])
    : isTooLong;
  return {
    from: castTo(type, from),
    to: castTo(type, to),
    value: valueAt(count),
    isWithin: booleanNode('AND_EXPR', [isUpTo(count), operator('=', when(isFailure, failed, number(1)), number(1))]),
    numbers: {
      RangeSubselect: { subquery: { SelectStmt: numbersQuery(digitsOfRows) }, alias: { aliasname: numbersAlias } },
    },
  };
}

interface Step {
  readonly type: PgType;
  readonly by: Node;
  readonly isDownwards: boolean;
  readonly hasMonths: boolean;
  /** Span of a step in years; 0 for numbers. */
  readonly years: number;
}

function integerStep(
  [one, other]: readonly [PgType | undefined, PgType | undefined],
  step: Node | undefined,
): Step | undefined {
  const type = wider(one, other);
  const by = step === undefined ? 1 : signed(step);
  if (type === undefined || by === undefined || by === 0 || !integerTypes.has(one) || !integerTypes.has(other))
    return undefined;
  return { type: type === 'int2' ? 'int4' : type, by: number(by), isDownwards: by < 0, hasMonths: false, years: 0 };
}

function signed(node: Node): number | undefined {
  const constant = bodyOf(node, 'A_Const')?.ival;
  if (constant !== undefined) return constant.ival ?? 0;
  const { lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  const positive = lexpr === undefined ? bodyOf(rexpr, 'A_Const')?.ival?.ival : undefined;
  return positive === undefined ? undefined : -positive;
}

function momentStep(
  types: readonly [PgType | undefined, PgType | undefined],
  nodes: readonly Node[],
  step: Node | undefined,
): Step | undefined {
  const known = types.filter((_, at) => !isUntypedConstant(nodes[at]));
  const cast = bodyOf(step, 'TypeCast');
  const isInterval = cast === undefined || typeUse(cast.typeName)?.type === 'interval';
  const text = bodyOf(cast === undefined ? step : cast.arg, 'A_Const')?.sval?.sval;
  const { months, days, micros } = (isInterval && text !== undefined && intervalValue(text)) || {
    months: 0,
    days: 0,
    micros: 0,
  };
  const length = days * 86_400_000_000 + micros;
  const size = months + length;
  if (known.length === 0 || !known.every((type) => timeTypes.has(type)) || size === 0 || months * length < 0)
    return undefined;
  const others = known.filter((type) => type !== 'date');
  // Dates become timestamptz if there is no other type.
  const type = others.length === 0 || others.includes('timestamptz') ? 'timestamptz' : 'timestamp';
  const years = Math.abs(months / 12 + length / (365 * 86_400_000_000));
  const by = castTo('interval', { A_Const: { sval: { sval: text ?? '' }, location: -1 } });
  return { type, by, isDownwards: size < 0, hasMonths: months !== 0, years };
}

/** generate_series in FROM, as a query. */
export function seriesQuery(p: Printing, call: FuncCall, scope: Scope, isNumbered: boolean): SelectStmt {
  if (hasPart(call.args, (node) => bodyOf(node, 'ColumnRef') !== undefined))
    return refuse(
      'generate_series over columns of the tables beside it',
      call.location,
      'Join generate_series between constants by a condition.',
    );
  const { from, to, value, isWithin, numbers } = countedSeries(p, call, scope);
  const inner: SelectStmt = { targetList: [target(ends.from, from), target(ends.to, to)] };
  const place = castTo('int8', operator('+', count, number(1)));
  return {
    targetList: [target('iris_v', value), ...(isNumbered ? [target('iris_o', place)] : [])],
    fromClause: [{ RangeSubselect: { subquery: { SelectStmt: inner }, alias: { aliasname: ends.query } } }, numbers],
    whereClause: isWithin,
  };
}

const callOf2 = (name: string, word: string, arg: Node): Node => ({
  FuncCall: {
    funcname: [{ String: { sval: name } }],
    args: [{ A_Const: { sval: { sval: word }, location: -1 } }, arg],
    location: -1,
  },
});

const digits: Node = {
  SelectStmt: { valuesLists: Array.from({ length: 10 }, (_, digit) => ({ List: { items: [number(digit)] } })) },
};
/** A query of all numbers from 0 with this many digits. */
function numbersQuery(digitsOfRows: number): SelectStmt {
  const places = Array.from({ length: digitsOfRows }, (_, at) => `iris_d${at}`);
  const sum = places
    .map((alias, at) => operator('*', columnOf(alias, 'd'), number(10 ** at)))
    .reduce((before, each) => operator('+', before, each));
  return {
    targetList: [target('n', sum)],
    fromClause: places.map((aliasname) => ({
      RangeSubselect: { subquery: digits, alias: { aliasname, colnames: [{ String: { sval: 'd' } }] } },
    })),
  };
}
