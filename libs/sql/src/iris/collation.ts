import type { CollateClause, Node } from 'libpg-query';
import { namesOf } from '../ast.ts';
import { typeOf } from './inference.ts';
import { textTypes } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import type { Scope } from './scope.ts';

/** Collations that order by code points, which is the order here anyway. */
const byCharacters: ReadonlySet<string> = new Set(['C', 'POSIX', 'ucs_basic']);

/** The operand of COLLATE, which must name one of these collations. @throws Refusal 42804 */
export function collated(p: Printing, { arg, collname, location }: CollateClause, scope: Scope): Node {
  const name = namesOf(collname).at(-1) ?? '';
  if (arg === undefined || !byCharacters.has(name))
    return refuse(`COLLATE ${name}`, location, 'Text compares by its characters, as by "C".');
  const type = typeOf(p, arg, scope);
  if (type !== undefined && !textTypes.has(type))
    throw new Refusal(`collations are not supported by type ${type}`, { sqlstate: '42804', location });
  return arg;
}
