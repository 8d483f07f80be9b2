import type { A_Const } from 'libpg-query';
import { decimal, notSupported, type Compiled } from './compiled.ts';

/** Compiles a constant; a string has type `unknown`. */
export function constantOf({ isnull, sval, ival, fval, boolval }: A_Const): Compiled {
  if (sval !== undefined) return literal(sval.sval ?? '');
  if (ival !== undefined) return { type: 'int4', evaluate: () => ival.ival ?? 0, isConstant: true };
  if (fval !== undefined) return numeric(fval.fval ?? '0');
  if (boolval !== undefined) return { type: 'bool', evaluate: () => boolval.boolval === true, isConstant: true };
  return isnull === true ? literal(null) : notSupported('a bit string');
}

const literal = (text: string | null): Compiled => ({
  type: 'unknown',
  unknown: { literal: text },
  evaluate: () => text,
  isConstant: true,
});

/** Numbers are doubles here; one with more digits than a double holds is refused. */
function numeric(text: string): Compiled {
  const value = Number(text);
  const digits = text.replace(/[eE].*|[-.]/g, '').replace(/^0+/, '');
  const isWhole = /^-?\d+$/.test(text);
  if (!Number.isFinite(value) || (isWhole ? !Number.isSafeInteger(value) : digits.length > digitsMax))
    return notSupported('a number of so many digits');
  return { type: isWhole ? 'int8' : 'float8', evaluate: () => value, isConstant: true, ...decimal(!isWhole) };
}

/** Decimal digits that a double keeps exactly. */
const digitsMax = 15;
