import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';
import { operand } from './expression.ts';
import { typeOf } from './inference.ts';
import { integerTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';

/** Prints bit operations of an integer and a non-negative constant by arithmetic, as IRIS SQL has no bit operators. */
export function printBits(p: Printing, { name, lexpr, rexpr, location }: A_Expr, scope: Scope): string {
  const operator = lastNameOf(name) ?? '';
  const sides = [lexpr, rexpr] as const;
  for (const side of sides) {
    const type = typeOf(p, side, scope);
    if (type !== undefined && !integerTypes.has(type))
      throw new Refusal(`operator does not exist: ${type} ${operator}`, { sqlstate: '42883', location });
  }
  const isShift = operator === '<<' || operator === '>>';
  const mask = wholeOf(rexpr) ?? (isShift ? undefined : wholeOf(lexpr));
  const node = wholeOf(rexpr) === undefined ? rexpr : lexpr;
  const width = widths.get(typeOf(p, node, scope)) ?? 0;
  if (mask === undefined || mask < 0 || (isShift && mask > 30) || (operator === '<<' && mask >= width))
    return refuse(
      `the operator ${operator} here`,
      location,
      'One side must be a constant that is not negative; << takes smallint and integer only: multiply instead, as in a * 4.',
    );
  checkRepeatable(node, 'bits');
  const value = operand(p, node, scope);
  if (operator === '<<') return shifted(value, mask, width);
  if (operator === '>>') return `CAST(FLOOR(${value} / ${2 ** mask}) AS BIGINT)`;
  const common = commonBits(value, mask);
  if (operator === '&') return common;
  return `(${value} + ${mask} - ${operator === '|' ? '' : '2 * '}${common})`;
}

/** Widths of the integer types in bits. */
const widths: ReadonlyMap<PgType | undefined, number> = new Map([
  ['int2', 16],
  ['int4', 32],
]);

/** A shift to the left: bits beyond the width are dropped, and the highest one left is the sign. */
function shifted(value: string, places: number, width: number): string {
  const [kept, half] = [2 ** (width - places), 2 ** (width - places - 1)];
  return `CAST((${value} - ${kept} * FLOOR((${value} + ${half}) / ${kept})) * ${2 ** places} AS BIGINT)`;
}

/** Bitwise AND with a mask, by runs of adjacent set bits. */
function commonBits(value: string, mask: number): string {
  const runs: string[] = [];
  for (let bit = 0; bit < 31;) {
    if (!isSet(mask, bit)) {
      bit++;
      continue;
    }
    const from = bit;
    while (bit < 31 && isSet(mask, bit)) bit++;
    const above = `FLOOR(${value} / ${2 ** from})`;
    runs.push(`(${above} - ${2 ** (bit - from)} * FLOOR(${value} / ${2 ** bit})) * ${2 ** from}`);
  }
  return runs.length === 0 ? `(${value} * 0)` : `CAST(${runs.join(' + ')} AS BIGINT)`;
}

const isSet = (mask: number, bit: number): boolean => Math.floor(mask / 2 ** bit) % 2 === 1;

const wholeOf = (node: Node | undefined): number | undefined => {
  const constant = bodyOf(node, 'A_Const')?.ival;
  return constant === undefined ? undefined : (constant.ival ?? 0);
};
