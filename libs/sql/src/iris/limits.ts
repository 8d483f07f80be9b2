import type { Node, SelectStmt } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import type { Printing } from './printing.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';

/** How many rows, and from where; as text with the place of a parameter in it, for IRIS takes no `?` there in every version. */
export interface Limits {
  readonly count: string | undefined;
  readonly offset: string | undefined;
  /** With all rows that are equal to the last one in the order. */
  readonly isWithTies: boolean;
}

export function limitsOf(p: Printing, { limitCount, limitOffset, limitOption }: SelectStmt): Limits {
  const isWithTies = limitOption === 'LIMIT_OPTION_WITH_TIES';
  return { count: limitText(p, limitCount, false), offset: limitText(p, limitOffset, true), isWithTies };
}

function limitText(p: Printing, node: Node | undefined, isOffset: boolean): string | undefined {
  const cast = bodyOf(node, 'TypeCast');
  if (cast !== undefined) return limitText(p, cast.arg, isOffset);
  if (node === undefined) return undefined;
  const constant = bodyOf(node, 'A_Const');
  if (constant?.isnull === true) return undefined; // LIMIT ALL
  if (constant?.ival !== undefined) {
    const count = constant.ival.ival ?? 0;
    if (count < 0)
      throw new Refusal(`${isOffset ? 'OFFSET' : 'LIMIT'} must not be negative`, {
        ...{ sqlstate: isOffset ? '2201X' : '2201W', location: constant.location },
      });
    return count === 0 && isOffset ? undefined : String(count);
  }
  const number = bodyOf(node, 'ParamRef')?.number;
  return number === undefined
    ? refuse('a computed LIMIT or OFFSET', placeOf(node), 'Send the count as a parameter.')
    : p.marks.inline(number, isOffset);
}
