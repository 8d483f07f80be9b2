import type { A_Const } from 'libpg-query';
import { decimal, notSupported, type Compiled } from './compiled.ts';

/** What stands in the text: a string has no type yet. */
export function constantOf({ isnull, sval, ival, fval, boolval }: A_Const): Compiled {
  if (sval !== undefined) return literal(sval.sval ?? '');
  if (ival !== undefined) return { type: 'int4', of: () => ival.ival ?? 0, isConstant: true };
  if (fval !== undefined) return numeric(fval.fval ?? '0');
  if (boolval !== undefined) return { type: 'bool', of: () => boolval.boolval === true, isConstant: true };
  return isnull === true ? literal(null) : notSupported('a bit string');
}

const literal = (text: string | null): Compiled => ({
  ...{ type: 'unknown', unknown: { literal: text }, of: () => text, isConstant: true },
});

/** Numbers here are doubles: of more digits than they have none is taken for another. */
function numeric(text: string): Compiled {
  const value = Number(text);
  const digits = text.replace(/[eE].*|[-.]/g, '').replace(/^0+/, '');
  const isWhole = /^-?\d+$/.test(text);
  if (!Number.isFinite(value) || (isWhole ? !Number.isSafeInteger(value) : digits.length > digitsMax))
    return notSupported('a number of so many digits');
  return { type: isWhole ? 'int8' : 'float8', of: () => value, isConstant: true, ...decimal(!isWhole) };
}

/** Of decimal ones a double keeps so many as they are. */
const digitsMax = 15;
