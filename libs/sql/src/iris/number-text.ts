import type { Node } from 'libpg-query';
import { bodyOf, constantText, lastNameOf } from '../ast.ts';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { scaleOf } from './numeric-scale.ts';
import type { PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';

/** Maximum scale that IRIS certainly keeps. */
const scaleMax = 12;

/**
 * Prints a non-integer number in PostgreSQL's format; undefined if its scale is not certain. IRIS omits trailing zeros, and the zero before
 * the point.
 */
export function fractionText(p: Printing, node: Node, scope: Scope): string | undefined {
  if (isWhole(p, node, scope)) return operand(p, node, scope);
  const scale = typeOf(p, node, scope) === 'numeric' ? scaleOf(p, node, scope) : undefined;
  if (typeof scale !== 'number' || scale > scaleMax) return undefined;
  checkRepeatable(node, 'a number as text');
  const value = operand(p, node, scope);
  if (scale === 0) return value;
  const text = digitsOf(`ABS(${value})`, scale);
  return `CASE WHEN ${value} < 0 THEN '-' || ${text} WHEN ${value} >= 0 THEN ${text} END`;
}

/** Formats a non-negative number with at most this scale. */
function digitsOf(value: string, scale: number): string {
  const whole = `ROUND(${value}, 0, 1)`;
  return `${whole} || '.' || ${fractionDigits(value, scale)}`;
}

/** The fractional digits of a non-negative number, padded to this scale. */
export const fractionDigits = (value: string, scale: number): string =>
  `RIGHT('${'0'.repeat(scale)}' || ROUND((${value} - ROUND(${value}, 0, 1)) * 1${'0'.repeat(scale)}, 0), ${scale})`;

const wholeFunctions: ReadonlySet<string> = new Set(['floor', 'ceil', 'ceiling', 'round', 'trunc']);
const wholeFields: ReadonlySet<string> = new Set(
  'year month day hour minute quarter week dow isodow doy isoyear'.split(' '),
);
const sizes: { readonly [Type in PgType]?: number } = { int2: 2 ** 15, int4: 2 ** 31 };

/** From this value on, PostgreSQL writes double precision with an exponent. */
const wholeMax = 1e15;

/** Whether a double precision certainly has no fraction, so that it is written as an integer. */
const isWhole = (p: Printing, node: Node, scope: Scope): boolean => (sizeOf(p, node, scope) ?? wholeMax) < wholeMax;

/** The maximum of such a number; undefined if it may have a fraction, or is unbounded. */
function sizeOf(p: Printing, node: Node | undefined, scope: Scope): number | undefined {
  const constant = bodyOf(node, 'A_Const')?.ival;
  if (constant !== undefined) return Math.abs(constant.ival ?? 0);
  const { funcname, args = [] } = bodyOf(node, 'FuncCall') ?? {};
  const name = lastNameOf(funcname) ?? '';
  if (name === 'date_part' && wholeFields.has(constantText(args[0])?.toLowerCase() ?? '')) return 10_000;
  if (wholeFunctions.has(name) && args.length === 1)
    return sizes[typeOf(p, args[0], scope) ?? 'text'] ?? sizeOf(p, args[0], scope);
  const { kind, name: operator, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  if (lexpr === undefined) return undefined;
  const sides = [sizeOf(p, lexpr, scope), sizeOf(p, rexpr, scope)] as const;
  if (kind !== 'AEXPR_OP' || sides[0] === undefined || sides[1] === undefined) return undefined;
  const sign = lastNameOf(operator);
  if (sign === '*') return sides[0] * sides[1];
  return sign === '+' || sign === '-' ? sides[0] + sides[1] : undefined;
}
