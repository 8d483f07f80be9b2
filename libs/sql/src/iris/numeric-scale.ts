import type { A_Expr, FuncCall, Node } from 'libpg-query';
import { bodyOf, constantText, kindOf, namesOf, type NodeKind } from '../ast.ts';
import { typeOf } from './inference.ts';
import { integerTypes, typeUse, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import type { QuotientScale } from './quotient.ts';
import type { Scope } from './scope.ts';

/** Digits behind the point: so many, or those of what a division gives. */
export type NumericScale = number | QuotientScale;

/** The digits that PostgreSQL writes behind the point of a numeric, zeros as well; undefined where only the values tell. */
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

/** Values keep their own digits: it is certain only where all have as many. */
function common(p: Printing, nodes: readonly Node[] | undefined, scope: Scope): NumericScale | undefined {
  const all = (nodes ?? [])
    .filter((node) => bodyOf(node, 'A_Const')?.isnull !== true)
    .map((node) => scaleOf(p, node, scope));
  return all.every((scale) => isSameScale(scale, all[0])) ? all[0] : undefined;
}

export function isSameScale(left: NumericScale | undefined, right: NumericScale | undefined): boolean {
  if (typeof left !== 'object' || typeof right !== 'object') return left === right;
  return left.least === right.least && left.isRoot === right.isRoot;
}

function operatorScale(p: Printing, expression: A_Expr, scope: Scope): NumericScale | undefined {
  const { kind, name, lexpr, rexpr } = expression;
  if (kind === 'AEXPR_NULLIF') return scaleOf(p, lexpr, scope);
  const operator = namesOf(name).at(-1) ?? '';
  const right = scaleOf(p, rexpr, scope);
  if (lexpr === undefined) return right;
  const left = scaleOf(p, lexpr, scope);
  if (typeof left !== 'number' || typeof right !== 'number') return undefined;
  if (operator === '*') return left + right;
  if (operator === '/' && typeOf(p, { A_Expr: expression }, scope) === 'numeric')
    return { least: Math.max(left, right) };
  return ['+', '-', '%'].includes(operator) ? Math.max(left, right) : undefined;
}

/** Seconds have microseconds, of a date there are whole ones. */
function extractScale(field: string | undefined, type: PgType | undefined): number {
  const isSeconds = field?.toLowerCase() === 'epoch' || field?.toLowerCase() === 'second';
  if (field?.toLowerCase() === 'milliseconds') return 3;
  return isSeconds && type !== 'date' ? 6 : 0;
}

const ofArgument: ReadonlySet<string> = new Set([
  'sum', 'min', 'max', 'abs', 'lag', 'lead', 'first_value', 'last_value',
]); // prettier-ignore

/** Quotients, by how many digits their dividends have for each one of the argument. */
const quotients: ReadonlyMap<string, { readonly times: number; readonly isRoot?: boolean }> = new Map(
  Object.entries({
    avg: { times: 1 },
    ...{ variance: { times: 2 }, var_samp: { times: 2 }, var_pop: { times: 2 } },
    ...{
      stddev: { times: 2, isRoot: true },
      stddev_samp: { times: 2, isRoot: true },
      stddev_pop: { times: 2, isRoot: true },
    },
  }),
);

function callScale(p: Printing, { funcname, args = [] }: FuncCall, scope: Scope): NumericScale | undefined {
  const words = namesOf(funcname);
  const name = words.at(-1) ?? '';
  if (words.length > 1 && words[0] !== 'pg_catalog') return undefined;
  if (ofArgument.has(name)) return args.length === 1 ? scaleOf(p, args[0], scope) : undefined;
  const quotient = quotients.get(name);
  if (quotient !== undefined) {
    const { times, ...more } = quotient;
    const scale = scaleOf(p, args[0], scope);
    return typeof scale === 'number' ? { least: times * scale, ...more } : undefined;
  }
  if (name === 'extract') return extractScale(constantText(args[0]), typeOf(p, args[1], scope));
  if (name === 'ceil' || name === 'ceiling' || name === 'floor' || name === 'sign') return 0;
  if (name !== 'round' && name !== 'trunc') return undefined;
  if (args.length === 1) return 0;
  const places = bodyOf(args[1], 'A_Const')?.ival;
  return places === undefined ? undefined : Math.max(0, places.ival ?? 0);
}
