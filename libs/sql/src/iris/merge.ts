import type { MergeStmt, MergeWhenClause, Node, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, lastNameOf, namesOf } from '../ast.ts';
import { printDelete, printInsert, printUpdate, type PrintedChange } from './changes.ts';
import { printFrom } from './from.ts';
import { number, target, booleanNode } from './node-builders.ts';
import type { Printing } from './printing.ts';
import { placeOf, refuse } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { Scope } from './scope.ts';

const hint = 'Write UPDATE, and INSERT ... SELECT ... WHERE NOT EXISTS, in one transaction.';

/**
 * Prints MERGE with one action for matching rows and one for missing ones: UPDATE or DELETE, and then INSERT of missing rows. Each row of
 * the table may match one source row at most, which must follow from a key of the source.
 */
export function printMerge(p: Printing, merge: MergeStmt): PrintedChange {
  const { relation = {}, sourceRelation, joinCondition, mergeWhenClauses = [], withClause, returningClause } = merge;
  if (sourceRelation === undefined || joinCondition === undefined) return refuse('this MERGE', relation.location, hint);
  if (withClause !== undefined || returningClause !== undefined)
    return refuse(`MERGE with ${withClause === undefined ? 'RETURNING' : 'WITH'}`, relation.location, hint);
  const clauses = mergeWhenClauses.map((node) => bodyOf(node, 'MergeWhenClause') ?? {});
  const of = (kind: MergeWhenClause['matchKind']): readonly MergeWhenClause[] =>
    clauses.filter(({ matchKind }) => matchKind === kind);
  const [matched, missing] = [of('MERGE_WHEN_MATCHED'), of('MERGE_WHEN_NOT_MATCHED_BY_TARGET')];
  const [change, insert] = [matched, missing].map((kind) =>
    kind.find(({ commandType }) => commandType !== 'CMD_NOTHING'),
  );
  const isSimple = matched.length < 2 && missing.length < 2 && matched.length + missing.length === clauses.length;
  const isOfBoth = change?.commandType === 'CMD_DELETE' && insert !== undefined; // deleted rows would be inserted again
  if (!isSimple || isOfBoth) return refuse('MERGE of these clauses', placeOf(sourceRelation), hint);
  checkSource(p, merge, sourceRelation, joinCondition, change);
  const steps = [
    ...(change === undefined ? [] : changeOf(p, merge, sourceRelation, joinCondition, change)),
    ...(insert === undefined ? [] : insertOf(p, merge, sourceRelation, joinCondition, insert)),
  ];
  return { steps };
}

type Steps = PrintedChange['steps'];

const all = (...conditions: readonly (Node | undefined)[]): Node =>
  booleanNode(
    'AND_EXPR',
    conditions.filter((each) => each !== undefined),
  );

function changeOf(
  p: Printing,
  { relation = {} }: MergeStmt,
  source: Node,
  join: Node,
  { commandType, targetList = [], condition }: MergeWhenClause,
): Steps {
  const whereClause = all(join, condition);
  if (commandType === 'CMD_DELETE') return printDelete(p, { relation, usingClause: [source], whereClause }).steps;
  return printUpdate(p, { relation, targetList, fromClause: [source], whereClause }).steps;
}

function insertOf(
  p: Printing,
  { relation = {} }: MergeStmt,
  source: Node,
  join: Node,
  { targetList, values, condition, override }: MergeWhenClause,
): Steps {
  if (values === undefined) return refuse('MERGE that inserts DEFAULT VALUES', placeOf(source), hint);
  const plain = { limitOption: 'LIMIT_OPTION_DEFAULT', op: 'SETOP_NONE' } as const;
  const there: SelectStmt = {
    targetList: [target('iris_n', number(1))],
    fromClause: [{ RangeVar: relation }],
    whereClause: join,
    ...plain,
  };
  const isThere: Node = { SubLink: { subLinkType: 'EXISTS_SUBLINK', subselect: { SelectStmt: there }, location: -1 } };
  const isMissing: Node = { BoolExpr: { boolop: 'NOT_EXPR', args: [isThere], location: -1 } };
  const rows: SelectStmt = {
    targetList: values.map((val): Node => ({ ResTarget: { val, location: placeOf(val) ?? -1 } })),
    fromClause: [source],
    whereClause: all(isMissing, condition),
    ...plain,
  };
  const into = { ...relation };
  delete into.alias;
  return printInsert(p, {
    relation: into,
    selectStmt: { SelectStmt: rows },
    ...(targetList === undefined ? {} : { cols: targetList }),
    ...(override === undefined ? {} : { override }),
  }).steps;
}

/** Checks that the source can be read by each step, and has a key. @throws Refusal */
function checkSource(
  p: Printing,
  { relation = {} }: MergeStmt,
  source: Node,
  join: Node,
  change: MergeWhenClause | undefined,
): void {
  const place = placeOf(source);
  checkRepeatable(source, 'MERGE');
  // Anywhere, also in subqueries of the source, which `hasPart` does not enter.
  if (JSON.stringify(source).includes(JSON.stringify({ relname: relation.relname }).slice(1, -1)))
    refuse('MERGE from the table that it changes', place, hint);
  const scope = new Scope();
  printFrom(p, [source], scope);
  const [rows, ...others] = scope.tables;
  const equal = new Set(equalColumns(join, rows?.alias));
  const isOne = isOfOneRow(source) || rows?.keys?.some((key) => key.every((name) => equal.has(name))) === true;
  if (others.length > 0 || (change !== undefined && !isOne))
    refuse(
      'MERGE from rows of which several may match one',
      place,
      'Let a key of the source be equal to columns of the table.',
    );
  const set = new Set(change?.targetList?.map((node) => bodyOf(node, 'ResTarget')?.name));
  const isSet = (node: Node): boolean => set.has(lastNameOf(bodyOf(node, 'ColumnRef')?.fields));
  if (hasPart(join, isSet)) refuse('MERGE that changes what it joins by', place, hint);
}

/** Whether the source is a SELECT of constants and parameters, or VALUES with one row. */
function isOfOneRow(source: Node): boolean {
  const select = bodyOf(bodyOf(source, 'RangeSubselect')?.subquery, 'SelectStmt');
  if (select === undefined || (select.op ?? 'SETOP_NONE') !== 'SETOP_NONE') return false;
  return select.valuesLists === undefined ? select.fromClause === undefined : select.valuesLists.length === 1;
}

/** Names of the columns of a table that a condition equates with something else. */
function equalColumns(condition: Node, alias: string | undefined): readonly string[] {
  const both = bodyOf(condition, 'BoolExpr');
  if (both?.boolop === 'AND_EXPR') return (both.args ?? []).flatMap((each) => equalColumns(each, alias));
  const { kind, name, lexpr, rexpr } = bodyOf(condition, 'A_Expr') ?? {};
  if (kind !== 'AEXPR_OP' || lastNameOf(name) !== '=') return [];
  return [lexpr, rexpr].flatMap((side) => {
    const [table, column, ...more] = namesOf(bodyOf(side, 'ColumnRef')?.fields);
    return table === alias && column !== undefined && more.length === 0 ? [column] : [];
  });
}
