import type { FuncCall, Node } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { integerTypes, typeUse } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';

/** Sums over the pairs of a group without NULL: count, values, and products. */
interface Sums {
  readonly n: string;
  readonly x: string;
  readonly y: string;
  /** n times the sum of squares (or products) of the deviations from the means. */
  readonly xx: string;
  readonly yy: string;
  readonly xy: string;
}

/** Formulas of the aggregates; NULL if there are too few pairs, or a divisor variance is zero. */
export const ofPairs: Readonly<Record<string, ((sums: Sums) => string) | undefined>> = {
  regr_count: ({ n }) => n,
  regr_avgx: ({ n, x }) => over(x, n),
  regr_avgy: ({ n, y }) => over(y, n),
  regr_sxx: ({ n, xx }) => over(xx, n),
  regr_syy: ({ n, yy }) => over(yy, n),
  regr_sxy: ({ n, xy }) => over(xy, n),
  covar_pop: ({ n, xy }) => over(xy, `${n} * ${n}`),
  covar_samp: ({ n, xy }) => over(xy, `${n} * (${n} - 1)`),
  regr_slope: ({ xx, xy }) => over(xy, xx),
  regr_intercept: ({ n, x, y, xx, xy }) => over(`${y} * ${xx} - ${x} * ${xy}`, `${n} * ${xx}`),
  corr: ({ xx, yy, xy }) => `${xy} / NULLIF(SQRT(${xx}) * SQRT(${yy}), 0)`,
  regr_r2: ({ xx, yy, xy }) =>
    `CASE WHEN ${xx} > 0 AND ${yy} = 0 THEN 1 ELSE ${over(`${xy} * ${xy}`, `${xx} * ${yy}`)} END`,
};

const over = (dividend: string, divisor: string): string => `(${dividend}) / NULLIF(${divisor}, 0)`;

/** Prints an aggregate of two values by sums, which are exact for integers and numerics but not for floats. */
export function printOfPairs(p: Printing, form: (sums: Sums) => string, call: FuncCall, scope: Scope): string {
  const { args = [], agg_filter: filter, agg_distinct: isDistinct, location } = call;
  const [y, x] = args.map((arg) => exactOf(p, arg, scope));
  if (y === undefined || x === undefined || args.length > 2 || isDistinct === true)
    return refuse('this aggregate of two values', location);
  for (const node of [y, x]) {
    const type = typeOf(p, node, scope);
    if (type !== 'numeric' && !integerTypes.has(type))
      return refuse(
        'an aggregate of two values of which one is no integer and no numeric',
        location,
        'Cast it to numeric.',
      );
  }
  checkRepeatable([y, x, filter], 'an aggregate of two values');
  const [valueY, valueX] = [operand(p, y, scope), operand(p, x, scope)];
  const condition = filter === undefined ? '' : ` AND (${p.predicate(filter, scope)})`;
  const isPair = `${valueY} IS NOT NULL AND ${valueX} IS NOT NULL${condition}`;
  const sum = (value: string): string => `SUM(CASE WHEN ${isPair} THEN ${value} END)`;
  const n = `COUNT(CASE WHEN ${isPair} THEN 1 END)`;
  const between = (one: string, other: string): string =>
    `(${n} * ${sum(`${one} * ${other}`)} - ${sum(one)} * ${sum(other)})`;
  const sums: Sums = {
    n,
    x: sum(valueX),
    y: sum(valueY),
    xx: between(valueX, valueX),
    yy: between(valueY, valueY),
    xy: between(valueY, valueX),
  };
  return form === ofPairs['regr_count'] ? n : `CAST(${form(sums)} AS DOUBLE)`;
}

/** An argument without its cast to double precision, which PostgreSQL applies anyway. */
function exactOf(p: Printing, node: Node, scope: Scope): Node {
  const cast = bodyOf(node, 'TypeCast');
  const isFloat = typeUse(cast?.typeName)?.type === 'float8';
  const inner = isFloat ? cast?.arg : undefined;
  const type = typeOf(p, inner, scope);
  return inner !== undefined && (type === 'numeric' || integerTypes.has(type)) ? inner : node;
}
