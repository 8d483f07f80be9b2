import type { A_Expr, FuncCall, Node } from 'libpg-query';
import { bodyOf, constantText, kindOf, namesOf, type NodeKind } from '../ast.ts';
import { typeOf } from './inference.ts';
import { integerTypes, typeUse, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import type { Scope } from './scope.ts';

/** The digits that PostgreSQL writes behind the point of a numeric, zeros as well; undefined where only the values tell. */
export function scaleOf(p: Printing, node: Node | undefined, scope: Scope): number | undefined {
  if (node === undefined) return undefined;
  return scales[kindOf(node)]?.(p, node, scope) ?? (integerTypes.has(typeOf(p, node, scope)) ? 0 : undefined);
}

type ScaleRule = (p: Printing, node: Node, scope: Scope) => number | undefined;

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
function common(p: Printing, nodes: readonly Node[] | undefined, scope: Scope): number | undefined {
  const all = (nodes ?? [])
    .filter((node) => bodyOf(node, 'A_Const')?.isnull !== true)
    .map((node) => scaleOf(p, node, scope));
  return all.every((scale) => scale === all[0]) ? all[0] : undefined;
}

function operatorScale(p: Printing, { kind, name, lexpr, rexpr }: A_Expr, scope: Scope): number | undefined {
  if (kind === 'AEXPR_NULLIF') return scaleOf(p, lexpr, scope);
  const operator = namesOf(name).at(-1) ?? '';
  const right = scaleOf(p, rexpr, scope);
  if (lexpr === undefined) return right;
  const left = scaleOf(p, lexpr, scope);
  if (left === undefined || right === undefined) return undefined;
  if (operator === '*') return left + right;
  return ['+', '-', '%'].includes(operator) ? Math.max(left, right) : undefined;
}

/** Seconds have microseconds, of a date there are whole ones. */
function extractScale(field: string | undefined, type: PgType | undefined): number {
  const isSeconds = field?.toLowerCase() === 'epoch' || field?.toLowerCase() === 'second';
  if (field?.toLowerCase() === 'milliseconds') return 3;
  return isSeconds && type !== 'date' ? 6 : 0;
}

const ofArgument: ReadonlySet<string> = new Set(['sum', 'min', 'max', 'abs', 'lag', 'lead', 'first_value']);

function callScale(p: Printing, { funcname, args = [] }: FuncCall, scope: Scope): number | undefined {
  const words = namesOf(funcname);
  const name = words.at(-1) ?? '';
  if (words.length > 1 && words[0] !== 'pg_catalog') return undefined;
  if (ofArgument.has(name)) return args.length === 1 ? scaleOf(p, args[0], scope) : undefined;
  if (name === 'extract') return extractScale(constantText(args[0]), typeOf(p, args[1], scope));
  if (name === 'ceil' || name === 'ceiling' || name === 'floor' || name === 'sign') return 0;
  if (name !== 'round' && name !== 'trunc') return undefined;
  if (args.length === 1) return 0;
  const places = bodyOf(args[1], 'A_Const')?.ival;
  return places === undefined ? undefined : Math.max(0, places.ival ?? 0);
}
