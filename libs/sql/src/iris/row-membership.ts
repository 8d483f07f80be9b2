import type { Node, SubLink } from 'libpg-query';
import { bodyOf } from '../ast.ts';
import { isNullable } from './inference.ts';
import type { Printing } from './printing.ts';
import { Refusal, refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { compared, together } from './row-comparison.ts';
import type { Scope } from './scope.ts';

/** Internal column names. */
const columnName = (place: number): string => `iris_r${place + 1}`;

/**
 * Prints `(a, b) IN (SELECT c, d ...)` by EXISTS. If columns may be NULL, a row that may be equal makes the result NULL, also for NOT IN.
 */
export function printRowMembership(p: Printing, link: SubLink, scope: Scope): string {
  const { testexpr, subselect, location } = link;
  const select = bodyOf(subselect, 'SelectStmt');
  const row = bodyOf(testexpr, 'RowExpr')?.args ?? [];
  if (select === undefined) return refuse('a comparison of rows', location);
  checkRepeatable({ testexpr, subselect }, 'IN with rows');
  const { columns } = p.queryValue(select, scope, { isExact: true });
  if (columns === undefined) return refuse('IN with rows of unknown columns', location, 'Name the columns.');
  if (columns.length !== row.length) {
    const few = columns.length < row.length ? 'few' : 'many';
    throw new Refusal(`subquery has too ${few} columns`, { sqlstate: '42601', location });
  }
  const among = (tests: readonly Node[]): string => {
    const colnames = row.map((_, place): Node => ({ String: { sval: columnName(place) } }));
    const inner: Node = {
      SelectStmt: {
        targetList: [{ ResTarget: { val: { A_Const: { ival: { ival: 1 } } } } }],
        fromClause: [
          { RangeSubselect: { subquery: { SelectStmt: select }, alias: { aliasname: 'iris_in', colnames } } },
        ],
        whereClause: together('AND_EXPR', tests),
      },
    };
    return p.predicate({ SubLink: { subLinkType: 'EXISTS_SUBLINK', subselect: inner } }, scope);
  };
  const columnOf = (place: number): Node => ({ ColumnRef: { fields: [{ String: { sval: columnName(place) } }] } });
  const equal = row.map((node, place) => compared('=', [columnOf(place), node]));
  const found = among(equal);
  const mayBeNull = row.map(
    (node, place) => [isNullable(p, node, scope), columns[place]?.isNullable !== false] as const,
  );
  if (!mayBeNull.flat().includes(true)) return found;
  const isNull = (arg: Node): Node => ({ NullTest: { arg, nulltesttype: 'IS_NULL' } });
  const possible = row.map((node, place) => {
    const [here, there] = mayBeNull[place] ?? [true, true];
    const tests = [equal[place], here ? isNull(node) : undefined, there ? isNull(columnOf(place)) : undefined];
    return together(
      'OR_EXPR',
      tests.filter((test) => test !== undefined),
    );
  });
  return `(${found} OR (${among(possible)} AND CAST(NULL AS INTEGER) = 1))`;
}
