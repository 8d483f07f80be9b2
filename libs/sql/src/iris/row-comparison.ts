import type { A_Expr, A_Expr_Kind, BoolExpr, Node } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';
import { Refusal, refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';

/** Expands a comparison of rows to comparisons of columns; undefined if neither side is a row. */
export function comparedRows(expression: A_Expr): Node | undefined {
  const { kind, name, lexpr, rexpr, location } = expression;
  if (bodyOf(lexpr, 'RowExpr') === undefined && bodyOf(rexpr, 'RowExpr') === undefined) return undefined;
  checkRepeatable(expression, 'a comparison of rows');
  const operator = lastNameOf(name) ?? '';
  if (kind === 'AEXPR_IN') return memberOf(lexpr, rexpr, operator === '<>', location);
  const pairs = pairsOf(lexpr, rexpr, location);
  switch (kind) {
    case 'AEXPR_OP':
      return byOperator(operator, pairs, location);
    case 'AEXPR_DISTINCT':
    case 'AEXPR_NOT_DISTINCT': {
      const same = together(
        'AND_EXPR',
        pairs.map((pair) => compared('=', pair, 'AEXPR_NOT_DISTINCT')),
      );
      return kind === 'AEXPR_DISTINCT' ? together('NOT_EXPR', [same]) : same;
    }
    default:
      return refuse('a comparison of rows', location);
  }
}

type Pair = readonly [left: Node, right: Node];

function pairsOf(left: Node | undefined, right: Node | undefined, location?: number): readonly Pair[] {
  const [lefts, rights] = [bodyOf(left, 'RowExpr')?.args, bodyOf(right, 'RowExpr')?.args];
  if (lefts === undefined || rights === undefined) return refuse('a comparison of rows', location);
  if (lefts.length !== rights.length)
    throw new Refusal('unequal number of entries in row expressions', { sqlstate: '42601', location });
  return lefts.flatMap((each, place) => (rights[place] === undefined ? [] : [[each, rights[place]] as const]));
}

function byOperator(operator: string, pairs: readonly Pair[], location?: number): Node {
  switch (operator) {
    case '=':
      return together(
        'AND_EXPR',
        pairs.map((pair) => compared('=', pair)),
      );
    case '<>':
      return together(
        'OR_EXPR',
        pairs.map((pair) => compared('<>', pair)),
      );
    case '<':
    case '>':
    case '<=':
    case '>=':
      return inOrder(operator, pairs);
    default:
      return refuse(`the operator ${operator} with rows`, location);
  }
}

/** A lexicographic comparison. */
function inOrder(operator: '<' | '>' | '<=' | '>=', [first, ...rest]: readonly Pair[]): Node {
  if (first === undefined) return refuse('a comparison of empty rows');
  if (rest.length === 0) return compared(operator, first);
  const equal = together('AND_EXPR', [compared('=', first), inOrder(operator, rest)]);
  return together('OR_EXPR', [compared(operator.charAt(0), first), equal]);
}

function memberOf(row: Node | undefined, list: Node | undefined, isNegated: boolean, location?: number): Node {
  const members = bodyOf(list, 'List')?.items ?? [];
  const equal = members.map((member) => byOperator('=', pairsOf(row, member, location), location));
  const some = together('OR_EXPR', equal);
  return isNegated ? together('NOT_EXPR', [some]) : some;
}

export function compared(operator: string, [lexpr, rexpr]: Pair, kind: A_Expr_Kind = 'AEXPR_OP'): Node {
  return { A_Expr: { kind, name: [{ String: { sval: operator } }], lexpr, rexpr } };
}

export function together(boolop: BoolExpr['boolop'], args: readonly Node[]): Node {
  const [only] = args;
  if (only === undefined) return refuse('a comparison of empty rows');
  if (args.length === 1 && boolop !== 'NOT_EXPR') return only;
  return { BoolExpr: { boolop, args: [...args] } };
}
