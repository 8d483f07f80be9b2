import type { CommonTableExpr, Node, RangeVar, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, kindOf } from '../ast.ts';
import { isAggregate } from './grouping.ts';
import { refuse, Refusal } from './refusal.ts';

/** Number of expanded recursion levels; a query with more fails at run time. */
export const levelsMax = 8;

/** A recursive WITH query. */
export interface Recursion {
  /** The non-recursive term. */
  readonly first: SelectStmt;
  /** The recursive term over the query of this name. */
  next(level: string): SelectStmt;
  /** The union of all levels. */
  all(levels: readonly string[]): SelectStmt;
}

/** The recursion of a WITH query; undefined if it does not refer to itself. @throws Refusal 0A000, 42P19 */
export function recursionOf({ ctename = '', ...cte }: CommonTableExpr): Recursion | undefined {
  const { ctequery, location, search_clause: search, cycle_clause: cycle } = cte;
  const select = bodyOf(ctequery, 'SelectStmt');
  if (select === undefined || !isNamed(select, ctename)) return undefined;
  const { larg, rarg, op, all: keepsAll = false } = select;
  if (op !== 'SETOP_UNION' || larg === undefined || rarg === undefined || isNamed(larg, ctename))
    throw new Refusal(
      `recursive query "${ctename}" does not have the form non-recursive-term UNION [ALL] recursive-term`,
      { sqlstate: '42P19', location },
    );
  const isCut = [select, rarg].some((each) => [each.sortClause, each.limitCount, each.limitOffset].some(isSaid));
  const isGrouped = [rarg.groupClause, rarg.havingClause, rarg.distinctClause].some(isSaid);
  if (isCut || isGrouped || hasPart(rarg.targetList, isAggregate) || isSaid(search ?? cycle))
    return refuse(
      'this recursive query',
      location,
      'SELECT ... UNION ALL SELECT ... is, without grouping, order and limit.',
    );
  const isOne = references(rarg, ctename) === 1 && (rarg.fromClause ?? []).some((item) => hasReference(item, ctename));
  if (!isOne) return refuse('a recursive query that does not name itself once, in FROM', location);
  return {
    first: larg,
    next: (level) => ({
      ...rarg,
      fromClause: (rarg.fromClause ?? []).map((item) => renamed(item, ctename, level)),
    }),
    all: (levels) =>
      levels.map(rowsOf).reduce((left, right): SelectStmt => ({
        op: 'SETOP_UNION',
        larg: left,
        rarg: right,
        ...(keepsAll ? { all: true } : {}),
      })),
  };
}

const isSaid = (part: unknown): boolean => part !== undefined;

const rowsOf = (relname: string): SelectStmt => ({
  targetList: [{ ResTarget: { val: { ColumnRef: { fields: [{ A_Star: {} }], location: -1 } }, location: -1 } }],
  fromClause: [{ RangeVar: { relname, inh: true, relpersistence: 'p', location: -1 } }],
});

const isIt = ({ schemaname, relname }: RangeVar, name: string): boolean => schemaname === undefined && relname === name;

/** Number of references to a query, at any depth. */
function references(part: unknown, name: string): number {
  if (typeof part !== 'object' || part === null) return 0;
  const table = 'RangeVar' in part ? bodyOf(part as Node, 'RangeVar') : undefined;
  if (table !== undefined) return isIt(table, name) ? 1 : 0;
  return Object.values(part).reduce((sum: number, each) => sum + references(each, name), 0);
}

export const isNamed = (part: unknown, name: string): boolean => references(part, name) > 0;

/** Whether an item of FROM or a join refers to the query. */
function hasReference(item: Node | undefined, name: string): boolean {
  if (item === undefined) return false;
  const { larg, rarg, jointype } = bodyOf(item, 'JoinExpr') ?? {};
  const isLeft = hasReference(larg, name) && jointype !== 'JOIN_RIGHT' && jointype !== 'JOIN_FULL';
  const isRight = hasReference(rarg, name) && jointype !== 'JOIN_LEFT' && jointype !== 'JOIN_FULL';
  return isLeft || isRight || isIt(bodyOf(item, 'RangeVar') ?? {}, name);
}

/** Replaces the reference by another query under the same alias. */
function renamed(item: Node, name: string, level: string): Node {
  const table = bodyOf(item, 'RangeVar');
  if (table !== undefined && isIt(table, name))
    return { RangeVar: { ...table, relname: level, alias: table.alias ?? { aliasname: name } } };
  if (kindOf(item) !== 'JoinExpr') return item;
  const { larg, rarg, ...join } = bodyOf(item, 'JoinExpr') ?? {};
  return {
    JoinExpr: {
      ...join,
      ...(larg && { larg: renamed(larg, name, level) }),
      ...(rarg && { rarg: renamed(rarg, name, level) }),
    },
  };
}

/** Refuses forward references between WITH queries, which would find tables instead. @throws Refusal 0A000 */
export function checkForward(ctes: readonly CommonTableExpr[]): void {
  for (const [place, { ctequery, location }] of ctes.entries())
    if (ctes.slice(place + 1).some(({ ctename = '' }) => isNamed(ctequery, ctename)))
      refuse('WITH RECURSIVE with a query that names a later one', location, 'Write it behind that.');
}
