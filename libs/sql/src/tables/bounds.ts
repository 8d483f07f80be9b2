import type { Node } from 'libpg-query';
import { bodyOf, kindOf, namesOf } from '../ast.ts';
import type { Cell } from './cell.ts';
import type { Compiled, Run } from './compiled.ts';
import { compare } from './operators.ts';
import type { Scope } from './scope.ts';
import type { Bounds, ColumnBounds } from './source.ts';

/** A condition that bounds one column. */
interface Bound {
  readonly column: string;
  readonly operator: string;
  readonly value: Compiled;
}

const flippedOperators: Readonly<Record<string, string>> = { '=': '=', '<': '>', '<=': '>=', '>': '<', '>=': '<=' };

/** The conditions of WHERE to push down to a table: comparisons of a column with a value that is constant in the run. */
export function boundsOf(
  where: Node | undefined,
  scope: Scope,
  compile: (node: Node, type: Compiled['type']) => Compiled,
): (run: Run) => ColumnBounds {
  const bounds = where === undefined ? [] : comparisonsOf(where).flatMap((one) => boundOf(one, scope, compile) ?? []);
  return (run) => {
    const wanted = new Map<string, Bounds>();
    for (const { column, operator, value } of bounds) {
      const limit = value.evaluate([], run);
      if (limit === null) continue;
      const known = wanted.get(column) ?? {};
      const next: { min?: Cell; max?: Cell } = { ...known };
      if (operator !== '<=' && operator !== '<') next.min = tighter(known.min, limit, 1);
      if (operator !== '>=' && operator !== '>') next.max = tighter(known.max, limit, -1);
      wanted.set(column, next);
    }
    return wanted;
  };
}

function tighter(known: Cell | undefined, limit: Exclude<Cell, null>, wanted: 1 | -1): Cell {
  return known === undefined || known === null || compare(limit, known) * wanted > 0 ? limit : known;
}

interface Comparison {
  readonly left: Node;
  readonly operator: string;
  readonly right: Node;
}

function comparisonsOf(node: Node): Comparison[] {
  const logic = bodyOf(node, 'BoolExpr');
  if (logic?.boolop === 'AND_EXPR') return (logic.args ?? []).flatMap(comparisonsOf);
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  if (lexpr === undefined || rexpr === undefined) return [];
  const operator = namesOf(name).at(-1) ?? '';
  if (kind === 'AEXPR_OP' && operator in flippedOperators) return [{ left: lexpr, operator, right: rexpr }];
  const [low, high] = kind === 'AEXPR_BETWEEN' ? (bodyOf(rexpr, 'List')?.items ?? []) : [];
  if (low === undefined || high === undefined) return [];
  return [
    { left: lexpr, operator: '>=', right: low },
    { left: lexpr, operator: '<=', right: high },
  ];
}

function boundOf(
  { left, operator, right }: Comparison,
  scope: Scope,
  compile: (node: Node, type: Compiled['type']) => Compiled,
): Bound | undefined {
  if (kindOf(left) !== 'ColumnRef') {
    if (kindOf(right) !== 'ColumnRef') return undefined;
    return boundOf({ left: right, operator: flippedOperators[operator] ?? operator, right: left }, scope, compile);
  }
  if (kindOf(right) === 'ColumnRef') return undefined;
  const column = scope.columns[scope.indexOf(bodyOf(left, 'ColumnRef') ?? {})];
  const value = column === undefined ? undefined : compile(right, column.type);
  return column === undefined || value?.isConstant !== true ? undefined : { column: column.name, operator, value };
}
