import type { A_Expr, FuncCall, Node } from 'libpg-query';
import { bodyOf, constantText, kindOf, namesOf, type NodeKind } from '../ast.ts';
import { scaledFunctions } from './function-scale.ts';
import { typeOf } from './inference.ts';
import { operator } from './node-builders.ts';
import { integerTypes, typeUse, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import {
  bareDecimal,
  isChoice,
  isOfFunction,
  isQuotient,
  type ChoiceScale,
  type NumericScale,
  type QuotientScale,
} from './quotient.ts';
import type { Scope } from './scope.ts';

/** PostgreSQL's scale of a numeric expression, trailing zeros included; undefined if it depends on values. */
export function scaleOf(p: Printing, node: Node | undefined, scope: Scope): NumericScale | undefined {
  if (node === undefined) return undefined;
  return scales[kindOf(node)]?.(p, node, scope) ?? (integerTypes.has(typeOf(p, node, scope)) ? 0 : undefined);
}

type ScaleRule = (p: Printing, node: Node, scope: Scope) => NumericScale | undefined;

const scales: { readonly [Kind in NodeKind]?: ScaleRule } = {
  ColumnRef: (_, node, scope) => scope.column(bodyOf(node, 'ColumnRef') ?? {})?.scale,
  A_Const: (_, node) => constantScale(constantText(node)),
  TypeCast: (p, node, scope) => {
    const { arg, typeName } = bodyOf(node, 'TypeCast') ?? {};
    const use = typeUse(typeName);
    if (use?.type !== 'numeric') return undefined;
    const [precision, scale = 0] = use.modifiers;
    return precision === undefined ? scaleOf(p, arg, scope) : scale;
  },
  A_Expr: (p, node, scope) => operatorScale(p, bodyOf(node, 'A_Expr') ?? {}, scope),
  FuncCall: (p, node, scope) => callScale(p, bodyOf(node, 'FuncCall') ?? {}, scope),
  CoalesceExpr: (p, node, scope) => common(p, bodyOf(node, 'CoalesceExpr')?.args, scope),
  MinMaxExpr: (p, node, scope) => common(p, bodyOf(node, 'MinMaxExpr')?.args, scope),
  CaseExpr: (p, node, scope) => {
    const { args = [], defresult } = bodyOf(node, 'CaseExpr') ?? {};
    return common(
      p,
      [...args.map((each) => bodyOf(each, 'CaseWhen')?.result), defresult].filter((each) => each !== undefined),
      scope,
    );
  },
  SubLink: (p, node, scope) => {
    const { subLinkType, subselect } = bodyOf(node, 'SubLink') ?? {};
    const select = bodyOf(subselect, 'SelectStmt');
    const isValue = subLinkType === 'EXPR_SUBLINK' && select !== undefined;
    return isValue ? p.queryValue(select, scope).columns?.[0]?.scale : undefined;
  },
};

function constantScale(text: string | undefined): number | undefined {
  return /^-?\d*(?:\.(\d*))?$/.test(text ?? '.x') ? (text?.split('.')[1]?.length ?? 0) : undefined;
}

/** The scale of alternatives, which keep their own scales: certain only if these are equal, or the constants are known. */
function common(p: Printing, nodes: readonly Node[] | undefined, scope: Scope): NumericScale | undefined {
  const values = (nodes ?? []).filter((node) => bodyOf(node, 'A_Const')?.isnull !== true);
  const all = values.map((node) => scaleOf(p, node, scope));
  if (all.every((scale) => isSameScale(scale, all[0]))) return all[0];
  const choices = values.map((node, place) => choiceOf(node, all[place]));
  return choices.every((choice) => choice !== undefined) ? choiceAmong(choices) : undefined;
}

/** One alternative: a constant, or an expression of known scale. */
function choiceOf(node: Node, scale: NumericScale | undefined): Partial<ChoiceScale> | undefined {
  const text = constantText(node);
  if (isChoice(scale)) return scale;
  if (typeof scale !== 'number') return undefined;
  return text === undefined ? { others: scale } : { constants: new Map([[bareDecimal(text), scale]]) };
}

function choiceAmong(choices: readonly Partial<ChoiceScale>[]): ChoiceScale | undefined {
  const constants = new Map<string, number>();
  const said = choices.flatMap((choice) => [...(choice.constants ?? [])]);
  for (const [text, digits] of said) if ((constants.get(text) ?? digits) === digits) constants.set(text, digits);
  const others = choices.map((choice) => choice.others).filter((digits) => digits !== undefined);
  const isCertain = said.every(([text, digits]) => constants.get(text) === digits);
  return isCertain && new Set(others).size <= 1 ? { others: others[0] ?? 0, constants } : undefined;
}

export function isSameScale(left: NumericScale | undefined, right: NumericScale | undefined): boolean {
  if (isChoice(left) && isChoice(right))
    return left.others === right.others && String([...left.constants]) === String([...right.constants]);
  if (!isQuotient(left) || !isQuotient(right)) return left === right;
  const isOf = ({ isRoot, isSpread }: QuotientScale): string => String([isRoot, isSpread]);
  return left.least === right.least && isOf(left) === isOf(right) && left.times === right.times;
}

function operatorScale(p: Printing, expression: A_Expr, scope: Scope): NumericScale | undefined {
  const { kind, name, lexpr, rexpr } = expression;
  if (kind === 'AEXPR_NULLIF') return scaleOf(p, lexpr, scope);
  const sign = namesOf(name).at(-1) ?? '';
  const right = scaleOf(p, rexpr, scope);
  if (lexpr === undefined) return isOfFunction(right) ? undefined : right;
  const left = scaleOf(p, lexpr, scope);
  const isOfNumerics = typeOf(p, { A_Expr: expression }, scope) === 'numeric';
  if (!isOfNumerics) return undefined;
  if (sign === '*' && isQuotient(left)) return multiplied(left, rexpr, right);
  if (sign === '*' && isQuotient(right)) return multiplied(right, lexpr, left);
  if (sign === '/' && isQuotient(left)) return dividedAgain(left, rexpr, right);
  if (sign === '/') {
    const least = [left, right].map(mostDigits);
    return least.every((digits) => digits !== undefined) ? { least: Math.max(...least) } : undefined;
  }
  if (left === undefined || right === undefined) return undefined;
  if (isQuotient(left) || isQuotient(right) || isOfFunction(left) || isOfFunction(right)) return undefined;
  if (sign === '*') return together(left, right, (one, other) => one + other);
  return ['+', '-', '%'].includes(sign) ? together(left, right, Math.max) : undefined;
}

/** Combines alternatives; a zero may be of either, so it gets the smallest scale. */
function together(
  left: number | ChoiceScale,
  right: number | ChoiceScale,
  of: (one: number, other: number) => number,
): number | ChoiceScale | undefined {
  if (typeof left === 'number' && typeof right === 'number') return of(left, right);
  if (![left, right].every((scale) => typeof scale === 'number' || isOfZero(scale))) return undefined;
  const others = ([left, right] as const).map((scale) => (typeof scale === 'number' ? scale : scale.others));
  const ofZero = ([left, right] as const).map((scale) =>
    typeof scale === 'number' ? scale : (scale.constants.get('0') ?? 0),
  );
  const [most, least] = [others, ofZero].map(([one = 0, other = 0]) => of(one, other));
  return most === least ? most : { others: most ?? 0, constants: new Map([['0', least ?? 0]]) };
}

const isOfZero = ({ constants }: ChoiceScale): boolean => constants.size === 1 && constants.has('0');

const mostDigits = (scale: NumericScale | undefined): number | undefined =>
  isChoice(scale) ? Math.max(scale.others, ...scale.constants.values()) : typeof scale === 'number' ? scale : undefined;

/** A quotient times a constant. */
function multiplied(
  quotient: QuotientScale,
  node: Node | undefined,
  digits: NumericScale | undefined,
): QuotientScale | undefined {
  const factor = Number(constantText(node) ?? Number.NaN);
  if (quotient.times !== undefined || typeof digits !== 'number' || !(factor > 0)) return undefined;
  return { ...quotient, times: { factor, digits } };
}

/** A quotient divided by a constant of at least 1; the scale is at least the larger of both. */
function dividedAgain(
  { least, isRoot = false, times }: QuotientScale,
  node: Node | undefined,
  digits: NumericScale | undefined,
): QuotientScale | undefined {
  const isLess = Number(constantText(node) ?? 0) >= 1;
  return isLess && !isRoot && times === undefined && typeof digits === 'number'
    ? { least: Math.max(least, digits) }
    : undefined;
}

/** extract(): seconds have scale 6, or 0 for a date. */
function extractScale(field: string | undefined, type: PgType | undefined): number {
  const isSeconds = field?.toLowerCase() === 'epoch' || field?.toLowerCase() === 'second';
  if (field?.toLowerCase() === 'milliseconds') return 3;
  return isSeconds && type !== 'date' ? 6 : 0;
}

const ofArgument: ReadonlySet<string> = new Set([
  'min', 'max', 'abs', 'lag', 'lead', 'first_value', 'last_value',
]); // prettier-ignore

/** Aggregates that are quotients, by the scale of their dividends relative to the argument's. */
const quotients: ReadonlyMap<
  string,
  { readonly times: number; readonly isRoot?: boolean; readonly isSpread?: boolean }
> = new Map(
  Object.entries({
    avg: { times: 1 },
    variance: { times: 2, isSpread: true },
    var_samp: { times: 2, isSpread: true },
    var_pop: { times: 2, isSpread: true },
    stddev: { times: 2, isRoot: true },
    stddev_samp: { times: 2, isRoot: true },
    stddev_pop: { times: 2, isRoot: true },
  }),
);

function callScale(p: Printing, { funcname, args = [] }: FuncCall, scope: Scope): NumericScale | undefined {
  const words = namesOf(funcname);
  const name = words.at(-1) ?? '';
  if (words.length > 1 && words[0] !== 'pg_catalog') return undefined;
  if (name === 'mod') return scaleOf(p, operator('%', args[0], args[1]), scope);
  if (name === 'sum') return sumScale(scaleOf(p, args[0], scope));
  const isShifted = (name === 'lag' || name === 'lead') && args.length > 1;
  if (isShifted) return common(p, args.toSpliced(1, 1), scope);
  if (ofArgument.has(name)) return args.length === 1 ? scaleOf(p, args[0], scope) : undefined;
  const quotient = quotients.get(name);
  if (quotient !== undefined) {
    const { times, ...more } = quotient;
    const digits = mostDigits(scaleOf(p, args[0], scope));
    return digits === undefined ? undefined : { least: times * digits, ...more };
  }
  const of = args.length === 1 ? scaledFunctions.get(name) : undefined;
  if (of !== undefined) {
    const argument = mostDigits(scaleOf(p, args[0], scope));
    return argument === undefined ? undefined : { of, argument };
  }
  if (name === 'extract') return extractScale(constantText(args[0]), typeOf(p, args[1], scope));
  if (name === 'ceil' || name === 'ceiling' || name === 'floor' || name === 'sign' || name === 'div') return 0;
  if (name !== 'round' && name !== 'trunc') return undefined;
  if (args.length === 1) return 0;
  const places = bodyOf(args[1], 'A_Const')?.ival;
  return places === undefined ? undefined : Math.max(0, places.ival ?? 0);
}

/** The scale of a sum: added zeros do not count, unless there is nothing else. */
function sumScale(scale: NumericScale | undefined): NumericScale | undefined {
  if (typeof scale === 'number') return scale;
  return isChoice(scale) && isOfZero(scale) ? scale : undefined;
}
