import type { A_Expr, Node } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';
import { arrayMembers } from './arrays.ts';
import { exact } from './comparison.ts';
import type { ParameterUse } from './fragment.ts';
import { typeOf } from './inference.ts';
import { booleanNode } from './node-builders.ts';
import { elementType, numberTypes, timeTypes, type PgType } from './pg-type.ts';
import type { Printing } from './printing.ts';
import { refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import type { Scope } from './scope.ts';

type PrintIn = (p: Printing, membership: A_Expr, scope: Scope, isNegated: boolean) => string;

/**
 * Prints `value op ANY/ALL (array)`. A constant array becomes a list, or one test per element; an array parameter becomes one $LIST of any
 * length, if the test is for membership.
 */
export function printArrayTest(p: Printing, test: A_Expr, scope: Scope, printIn: PrintIn): string {
  const { kind, name, lexpr, rexpr, location = -1 } = test;
  const operator = lastNameOf(name) ?? '';
  const isAny = kind === 'AEXPR_OP_ANY';
  const isIn = isAny && operator === '=';
  const isNotIn = !isAny && operator === '<>';
  const query = bodyOf(rexpr, 'SubLink');
  if (query?.subLinkType === 'ARRAY_SUBLINK') {
    const subLinkType = isAny ? 'ANY_SUBLINK' : 'ALL_SUBLINK';
    const compared = { ...(lexpr !== undefined && { testexpr: lexpr }), ...(name !== undefined && { operName: name }) };
    return p.predicate({ SubLink: { ...query, ...compared, subLinkType } }, scope);
  }
  const members = arrayMembers(rexpr);
  const hasNull = members?.some((member) => bodyOf(member, 'A_Const')?.isnull === true) === true;
  if (hasNull && !isIn && !isNotIn)
    return refuse('a test of an array that contains NULL', location, 'Leave out the NULL: nothing is equal to it.');
  if (members?.length === 0) return isAny ? '1 = 0' : '1 = 1';
  if (members !== undefined && (isIn || isNotIn)) {
    const list: Node = { List: { items: [...members] } };
    return printIn(p, { ...(lexpr === undefined ? {} : { lexpr }), rexpr: list, location }, scope, isNotIn);
  }
  if (members !== undefined) return `(${p.predicate(eachTest(test, operator, members), scope)})`;
  if (!isIn && !isNotIn) return refuse(`${operator} ${isAny ? 'ANY' : 'ALL'} with an array`, location);
  const cast = bodyOf(rexpr, 'TypeCast');
  const parameter = bodyOf(rexpr, 'ParamRef') ?? bodyOf(cast?.arg, 'ParamRef');
  if (parameter?.number === undefined) return refuse('an array that is neither written out nor a parameter', location);
  const type = typeOf(p, lexpr, scope) ?? elementType(cast);
  const told = elementType(cast) ?? (type === 'varchar' ? 'text' : type);
  if (told !== undefined) p.arrayTypes.set(parameter.number, told);
  const list = p.marks.parameter(parameter.number, listUse(type, location));
  const member = `${exact(p, lexpr, scope)} %INLIST ${list}`;
  return isIn ? member : `NOT (${member})`;
}

/** One test per element, combined by OR or AND: `LIKE ANY (ARRAY[...])`, `> ALL ('{1,2}')`. */
function eachTest(
  { kind, name, lexpr, rexpr, location = -1 }: A_Expr,
  operator: string,
  members: readonly Node[],
): Node {
  if (members.length > 1) checkRepeatable(lexpr, 'ANY or ALL');
  const isLike = /^!?~~\*?$/.test(operator);
  const like = operator.endsWith('*') ? ('AEXPR_ILIKE' as const) : ('AEXPR_LIKE' as const);
  const { names, typmods } = bodyOf(rexpr, 'TypeCast')?.typeName ?? {};
  const element = { ...(names === undefined ? {} : { names }), ...(typmods === undefined ? {} : { typmods }) };
  const tests = members.map((member): Node => {
    const isBare = names === undefined || isLike;
    const side: Node = isBare ? member : { TypeCast: { arg: member, typeName: element, location } };
    return {
      A_Expr: {
        kind: isLike ? like : 'AEXPR_OP',
        rexpr: side,
        location,
        ...(name === undefined ? {} : { name }),
        ...(lexpr === undefined ? {} : { lexpr }),
      },
    };
  });
  return booleanNode(kind === 'AEXPR_OP_ANY' ? 'OR_EXPR' : 'AND_EXPR', tests);
}

/** How to bind the elements of a $LIST: in the internal format of IRIS, whatever the client's notation. */
function listUse(type: PgType | undefined, location?: number): ParameterUse {
  if (type === 'date') return 'days';
  if (numberTypes.has(type) || type === 'bool') return 'numbers';
  if (timeTypes.has(type) || type === 'time' || type === 'interval' || type === 'bytea')
    return refuse(`an array of ${type ?? ''} as a parameter`, location, 'Write IN ($1, $2).');
  return 'list';
}
