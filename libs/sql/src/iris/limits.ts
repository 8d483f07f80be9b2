import type { A_Const, Node, SelectStmt } from 'libpg-query';
import { bodyOf, constantText, lastNameOf } from '../ast.ts';
import { inferType } from './inference.ts';
import { typeUse } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';

/** LIMIT and OFFSET, as text with marks of inlined parameters, as not every version of IRIS accepts `?` there. */
export interface Limits {
  readonly count: string | undefined;
  readonly offset: string | undefined;
  /** WITH TIES. */
  readonly isWithTies: boolean;
}

export function limitsOf(p: Printing, { limitCount, limitOffset, limitOption }: SelectStmt): Limits {
  const isWithTies = limitOption === 'LIMIT_OPTION_WITH_TIES';
  return { count: limitText(p, limitCount, false), offset: limitText(p, limitOffset, true), isWithTies };
}

function limitText(p: Printing, node: Node | undefined, isOffset: boolean): string | undefined {
  const cast = bodyOf(node, 'TypeCast');
  inferType(p, cast?.arg ?? node, typeUse(cast?.typeName)?.type ?? 'int8');
  if (cast !== undefined) return limitText(p, cast.arg, isOffset);
  if (node === undefined) return undefined;
  const constant = bodyOf(node, 'A_Const');
  if (constant?.isnull === true) return undefined; // LIMIT ALL
  if (constant?.ival !== undefined) {
    const count = constant.ival.ival ?? 0;
    if (count < 0)
      throw new Refusal(`${isOffset ? 'OFFSET' : 'LIMIT'} must not be negative`, {
        sqlstate: isOffset ? '2201X' : '2201W',
        isPlaceless: true,
      });
    return count === 0 && isOffset ? undefined : String(count);
  }
  if (constant?.sval !== undefined) return limitText(p, { A_Const: countOf(constant) }, isOffset);
  const folded = sumOf(node);
  if (folded !== undefined)
    return limitText(p, { A_Const: { ival: { ival: folded }, location: placeOf(node) ?? -1 } }, isOffset);
  const number = bodyOf(node, 'ParamRef')?.number;
  return number === undefined
    ? refuse('a computed LIMIT or OFFSET', placeOf(node), 'Send the count as a parameter.')
    : p.marks.inline(number, isOffset);
}

/** @throws Refusal 22P02 */
function countOf(constant: A_Const): A_Const {
  const text = constantText({ A_Const: constant }) ?? '';
  if (/^\s*[-+]?\d{1,9}\s*$/.test(text)) return { ival: { ival: Number(text) }, location: constant.location ?? -1 };
  throw new Refusal('invalid input syntax for type bigint', { sqlstate: '22P02', location: constant.location });
}

/** Evaluates sums, differences and products of integer constants; undefined for anything else. */
function sumOf(node: Node): number | undefined {
  const constant = bodyOf(node, 'A_Const')?.ival;
  if (constant !== undefined) return constant.ival ?? 0;
  const { kind, name, lexpr, rexpr } = bodyOf(node, 'A_Expr') ?? {};
  const [left, right] = [lexpr === undefined ? 0 : sumOf(lexpr), rexpr === undefined ? undefined : sumOf(rexpr)];
  if (kind !== 'AEXPR_OP' || left === undefined || right === undefined) return undefined;
  const operator = lastNameOf(name);
  const value =
    operator === '+' ? left + right : operator === '-' ? left - right : operator === '*' ? left * right : NaN;
  return Number.isInteger(value) && Math.abs(value) < 2 ** 31 ? value : undefined;
}
