import type { A_Const } from 'libpg-query';
import { notSupported, type Compiled } from './compiled.ts';

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

/** A whole number beyond int4 comes as a decimal one. */
function numeric(text: string): Compiled {
  const value = Number(text);
  const type = /^-?\d+$/.test(text) && Number.isSafeInteger(value) ? 'int8' : 'float8';
  return { type, of: () => value, isConstant: true };
}
