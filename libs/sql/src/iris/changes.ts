import type {
  DeleteStmt,
  InsertStmt,
  Node,
  OnConflictClause,
  ResTarget,
  SelectStmt,
  UpdateStmt,
  WithClause,
} from 'libpg-query';
import { bodyOf, hasPart, kindOf, lastNameOf, namesOf } from '../ast.ts';
import { checkAssigned, columnFacts, printAssigned } from './assigned.ts';
import { printAssignments } from './assignments.ts';
import type { TableFacts } from './catalog.ts';
import {
  checkOnce,
  columnsOfKey,
  insertUnlessThere,
  sameWords,
  updateOrInsert,
  type Conflicts,
  type GivenRow,
} from './conflict.ts';
import { printFrom, printRelation, relationOf } from './from.ts';
import { keptColumn } from './node-builders.ts';
import { labelOf } from './labels.ts';
import { isOfOther, inferType, typeOf } from './inference.ts';
import { identifier } from './names.ts';
import { scaleOf } from './numeric-scale.ts';
import type { PrintedQuery, Printing } from './printing.ts';
import { printWith } from './query.ts';
import { placeOf, refuse, Refusal } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { rowsOfValues } from './rows-of-values.ts';
import { Scope, visibleColumn, type VisibleColumn } from './scope.ts';
import { unnestedRows } from './series.ts';
import type { IrisStep } from './translation.ts';

/** One statement for IRIS, as printed text with marks. */
export interface PrintedStep {
  readonly sql: string;
  /** Its rows are the statement's result. Of other steps only the row counts are added. */
  readonly isResult: boolean;
  readonly only?: IrisStep['only'];
  readonly kept?: readonly VisibleColumn[];
  readonly isForEach?: boolean;
  readonly isNowait?: boolean;
}

export interface PrintedChange {
  readonly steps: readonly PrintedStep[];
  readonly columns?: readonly VisibleColumn[];
}

export function printInsert(p: Printing, insert: InsertStmt): PrintedChange {
  const relation = insert.relation ?? {};
  if (insert.override === 'OVERRIDING_USER_VALUE') return refuse('OVERRIDING USER VALUE');
  const facts = p.catalog.table(relationOf(relation));
  const given = (insert.cols ?? []).map((node) => bodyOf(node, 'ResTarget')?.name ?? '');
  const cols = facts === undefined ? given : given.map((name) => name.toLowerCase());
  checkNames(cols, insert.cols ?? []);
  const columns = cols.length > 0 ? cols : facts?.columns.map(({ name }) => name);
  const table = printRelation(p, relation);
  const clause = insert.onConflictClause;
  const isUpsert = clause !== undefined && isWholeUpsert(clause, columns, facts);
  const conflicts = clause === undefined || isUpsert ? undefined : conflictsOf(relation, clause, facts);
  const verb = isUpsert ? 'INSERT OR UPDATE' : 'INSERT';
  const exprs = insert.returningClause?.exprs;
  const returning = exprs === undefined ? undefined : printReturning(p, exprs, relation, facts);
  const said = withBefore(insert.withClause, bodyOf(insert.selectStmt, 'SelectStmt'));
  const select = said === undefined || returning === undefined ? said : (rowsOfValues(said) ?? said);
  if (select === undefined) return withReturning([`${verb} INTO ${table} DEFAULT VALUES`], returning);
  const insertRows = (rows: readonly (readonly GivenValue[])[]): PrintedChange =>
    conflicts === undefined
      ? withReturning(
          rows.map((row) => rowInsert(p, row, `${verb} INTO ${table}`, facts, columns)),
          returning,
        )
      : conflictSteps(p, conflicts, rows, columns, exprs, returning);
  const rows = unnestedRows(select)?.map((items): Node => ({ List: { items } }));
  const valuesLists = select.valuesLists ?? rows;
  if (valuesLists !== undefined) {
    const given = givenRows(valuesLists, columns, insert.cols ?? []);
    if (clause !== undefined) checkOnce(clause, given.map(rowOf));
    return insertRows(given);
  }
  const into = columns?.map((name) => columnFacts(facts, name));
  const query = p.query(select, undefined, into === undefined ? {} : { assigned: into });
  for (const [place, column] of (into ?? []).entries())
    checkAssigned(query.columns?.[place]?.type, column, select.targetList?.[place]);
  if (conflicts === undefined && returning === undefined) {
    const list = cols.length === 0 ? '' : ` (${cols.map((name) => identifier(name)).join(', ')})`;
    return { steps: [{ sql: `${verb} INTO ${table}${list} ${query.sql}`, isResult: false }] };
  }
  return eachRow(query, columns, insertRows, placeOf(insert.returningClause) ?? clause?.location);
}

/** Prints INSERT ... SELECT row by row: reads the rows first. */
function eachRow(
  { sql, columns: kept }: PrintedQuery,
  columns: readonly string[] | undefined,
  insertRows: (rows: readonly (readonly GivenValue[])[]) => PrintedChange,
  location: number | undefined,
): PrintedChange {
  if (kept === undefined || columns === undefined || kept.length > columns.length)
    return refuse('RETURNING or ON CONFLICT of INSERT ... SELECT, here', location, 'Name the columns on both sides.');
  const row = kept.map((_, place) => ({ name: columns[place], node: keptColumn(place + 1) }));
  const { steps, ...change } = insertRows([row]);
  const each = steps.map((step): PrintedStep => ({ ...step, isForEach: true }));
  return { ...change, steps: [{ sql, isResult: false, kept }, ...each] };
}

/** Moves the WITH of an INSERT into its query. */
function withBefore(clause: WithClause | undefined, select: SelectStmt | undefined): SelectStmt | undefined {
  if (clause === undefined) return select;
  if (select === undefined || select.valuesLists !== undefined)
    return refuse('WITH before INSERT of values', clause.location);
  const { ctes = [], recursive = false } = select.withClause ?? {};
  const all = { recursive: recursive || clause.recursive === true, ctes: [...(clause.ctes ?? []), ...ctes] };
  return { ...select, withClause: { ...clause, ...all } };
}

interface GivenValue {
  readonly node: Node;
  readonly name: string | undefined;
}

const rowOf = (given: readonly GivenValue[]): GivenRow => new Map(given.map(({ name, node }) => [name ?? '', node]));

/** The rows of VALUES; a DEFAULT omits its column. */
function givenRows(
  valuesLists: readonly Node[],
  columns: readonly string[] | undefined,
  cols: readonly Node[],
): readonly (readonly GivenValue[])[] {
  const isNamed = cols.length > 0;
  const rows = valuesLists.map((row) => bodyOf(row, 'List')?.items ?? []);
  const other = rows.find(({ length }) => length !== rows[0]?.length);
  if (other !== undefined)
    throw new Refusal('VALUES lists must all be the same length', { sqlstate: '42601', location: placeOf(other) });
  return rows.map((values) => {
    const given = values
      .map((node, place) => ({ node, name: columns?.[place] }))
      .filter(({ node }) => kindOf(node) !== 'SetToDefault');
    if (given.length < values.length && columns === undefined) {
      return refuse('DEFAULT in a table of unknown columns', undefined, 'Name the columns.');
    }
    checkCount(values, columns, isNamed ? cols : undefined);
    return given;
  });
}

/** Prints one INSERT per row, as LAST_IDENTITY returns one row only. */
function rowInsert(
  p: Printing,
  given: readonly GivenValue[],
  head: string,
  facts: TableFacts | undefined,
  columns: readonly string[] | undefined,
): string {
  const scope = new Scope();
  const valueOf = ({ node, name }: GivenValue): string => printAssigned(p, node, columnFacts(facts, name), scope);
  if (given.length === 0) return `${head} DEFAULT VALUES`;
  const list = columns === undefined ? '' : ` (${given.map(({ name }) => identifier(name ?? '')).join(', ')})`;
  return `${head}${list} VALUES (${given.map(valueOf).join(', ')})`;
}

/** The steps for each row that may exist already (ON CONFLICT). */
function conflictSteps(
  p: Printing,
  conflicts: Conflicts,
  rows: readonly (readonly GivenValue[])[],
  columns: readonly string[] | undefined,
  exprs: readonly Node[] | undefined,
  returning: Returning | undefined,
): PrintedChange {
  const { relation, clause, facts } = conflicts;
  const head = `INSERT INTO ${printRelation(p, relation)}`;
  const steps = rows.flatMap((given): readonly PrintedStep[] => {
    const row = rowOf(given);
    if (clause.action === 'ONCONFLICT_NOTHING') {
      const read =
        returning === undefined ? [] : [{ sql: returning.sql, isResult: true, only: 'afterChange' } as const];
      return [insertUnlessThere(p, conflicts, row), ...read];
    }
    const { steps: changes, isSame } = updateOrInsert(p, conflicts, row, rowInsert(p, given, head, facts, columns));
    if (exprs === undefined) return changes;
    const { sql } = printReturning(p, exprs, relation, facts, p.predicate(isSame, target(p, relation).scope));
    return [...changes, { sql, isResult: true, only: 'afterChange' }];
  });
  return { steps, ...(returning === undefined ? {} : { columns: returning.columns }) };
}

/** @throws Refusal 42701 where a column is named twice */
function checkNames(names: readonly string[], cols: readonly Node[]): void {
  const again = names.findIndex((name, place) => names.indexOf(name) < place);
  if (again >= 0)
    throw new Refusal(`column "${names[again] ?? ''}" specified more than once`, {
      sqlstate: '42701',
      location: placeOf(cols[again]),
    });
}

/** @param cols the column list, if given */
function checkCount(
  values: readonly Node[],
  columns: readonly string[] | undefined,
  cols: readonly Node[] | undefined,
): void {
  const count = values.length;
  if (columns === undefined || count === columns.length || (count < columns.length && cols === undefined)) return;
  const [more, fewer] = count > columns.length ? ['expressions', 'target columns'] : ['target columns', 'expressions'];
  const location = placeOf(count > columns.length ? values[columns.length] : cols?.[count]);
  throw new Refusal(`INSERT has more ${more} than ${fewer}`, { sqlstate: '42601', location });
}

interface Returning {
  readonly sql: string;
  readonly columns: readonly VisibleColumn[];
}

function withReturning(inserts: readonly string[], returning: Returning | undefined): PrintedChange {
  const steps = inserts.flatMap((sql): PrintedStep[] =>
    returning === undefined
      ? [{ sql, isResult: false }]
      : [
          { sql, isResult: false },
          { sql: returning.sql, isResult: true },
        ],
  );
  return { steps, ...(returning === undefined ? {} : { columns: returning.columns }) };
}

/** The query for RETURNING: of the row just inserted, or of those that WHERE selects. */
function printReturning(
  p: Printing,
  exprs: readonly Node[],
  relation: NonNullable<InsertStmt['relation']>,
  facts?: TableFacts,
  where = '%ID = LAST_IDENTITY()',
): Returning {
  const { scope, name } = target(p, relation);
  const targets = exprs.map((node) => bodyOf(node, 'ResTarget') ?? {}).flatMap((each) => withoutStar(each, facts));
  const columns = targets.map(({ val, name: label }): VisibleColumn => {
    const type = isOfOther(p, val) ? 'text' : typeOf(p, val, scope); // no other context gives it a type
    inferType(p, val, type);
    const reference = bodyOf(val, 'ColumnRef');
    const facts = reference === undefined ? undefined : scope.column(reference)?.facts;
    return {
      name: labelOf(val, label),
      type,
      isNullable: true,
      isExact: false,
      scale: scaleOf(p, val, scope),
      ...(facts === undefined ? {} : { facts }),
    };
  });
  const list = targets.map(({ val }) => p.value(val, scope)).join(', ');
  return { sql: `SELECT ${list} FROM ${name} WHERE ${where}`, columns };
}

function withoutStar(target: ResTarget, facts: TableFacts | undefined): readonly ResTarget[] {
  const fields = bodyOf(target.val, 'ColumnRef')?.fields ?? [];
  if (bodyOf(fields.at(-1), 'A_Star') === undefined) return [target];
  if (facts === undefined)
    return refuse('RETURNING * of a table of unknown columns', target.location, 'Name the columns.');
  return facts.columns.map(({ name }) => ({
    val: { ColumnRef: { fields: [{ String: { sval: name } }], location: -1 } },
  }));
}

/**
 * Whether INSERT OR UPDATE is equivalent: it sets all given columns and matches by any unique key. So the table must have no other key,
 * and each given column outside of the key must be set to the value to insert.
 */
function isWholeUpsert(
  clause: OnConflictClause,
  columns: readonly string[] | undefined,
  facts: TableFacts | undefined,
): boolean {
  const { infer } = clause;
  if (clause.action !== 'ONCONFLICT_UPDATE' || facts === undefined || columns === undefined) return false;
  const said = columnsOfKey(clause);
  const [key, ...others] = facts.uniqueKeys;
  const set = clause.targetList ?? [];
  return (
    key !== undefined &&
    others.length === 0 &&
    sameWords(key, said) &&
    clause.whereClause === undefined &&
    infer?.whereClause === undefined &&
    key.every((name) => columns.includes(name)) &&
    sameWords(columns, [...key, ...set.map((node) => bodyOf(node, 'ResTarget')?.name?.toLowerCase() ?? '')]) &&
    set.every(isExcludedOfItsName)
  );
}

function conflictsOf(
  relation: NonNullable<InsertStmt['relation']>,
  clause: OnConflictClause,
  facts: TableFacts | undefined,
): Conflicts {
  return facts === undefined
    ? refuse('ON CONFLICT on a table of unknown keys', clause.location)
    : { relation, clause, facts };
}

function isExcludedOfItsName(node: Node): boolean {
  const { name, val } = bodyOf(node, 'ResTarget') ?? {};
  const words = (bodyOf(val, 'ColumnRef')?.fields ?? []).map((field) => bodyOf(field, 'String')?.sval);
  return words.length === 2 && words[0] === 'excluded' && words[1] === name;
}

export function printUpdate(p: Printing, update: UpdateStmt): PrintedChange {
  const relation = update.relation ?? {};
  const facts = p.catalog.table(relationOf(relation));
  const { scope, name } = target(p, relation);
  if (update.withClause !== undefined) printWith(p, update.withClause, scope, {});
  const from = update.fromClause === undefined ? '' : ` FROM ${printFrom(p, update.fromClause, scope)}`;
  const set = printAssignments(p, update.targetList ?? [], scope, facts);
  const where = update.whereClause === undefined ? '' : ` WHERE ${p.predicate(update.whereClause, scope)}`;
  const step = { sql: `UPDATE ${name} SET ${set}${from}${where}`, isResult: false };
  const exprs = update.returningClause?.exprs;
  if (exprs === undefined) return { steps: [step] };
  const isRow = facts === undefined || from !== '' ? undefined : rowByKey(update, facts, scope);
  if (isRow === undefined) return updateOfSeveral(p, update, { name, from, where, set });
  // The row is locked by this transaction now, so no other one changes it.
  const { sql, columns } = printReturning(p, exprs, relation, facts, p.predicate(isRow, scope));
  return { steps: [step, { sql, isResult: true, only: 'afterChange' }], columns };
}

/** UPDATE with RETURNING of several rows: selected by %ID, as UPDATE may change what WHERE tests. */
function updateOfSeveral(
  p: Printing,
  update: UpdateStmt,
  { name, from, where, set }: { name: string; from: string; where: string; set: string },
): PrintedChange {
  const { relation = {}, returningClause, whereClause } = update;
  const facts = p.catalog.table(relationOf(relation));
  const location = placeOf(returningClause);
  const exprs = returningClause?.exprs ?? [];
  checkRowIds('UPDATE', facts, from === '' ? [] : exprs, relation, location);
  checkRepeatable(whereClause, 'RETURNING of UPDATE');
  checkRepeatable(update.fromClause, 'RETURNING of UPDATE');
  const alias = identifier(aliasOf(relation));
  const others = from.replace(/^ FROM /, ', ');
  const isKept = `${alias}.%ID %INLIST ${p.marks.keptRows()}`;
  const and = where === '' ? '' : ` AND (${where.slice(' WHERE '.length)})`;
  const { sql, columns } = printReturning(p, exprs, relation, facts, isKept);
  const id: VisibleColumn = { name: 'id', type: 'text', isNullable: false, isExact: true };
  return {
    steps: [
      { sql: `SELECT DISTINCT ${alias}.%ID FROM ${name}${others}${where}`, isResult: false, kept: [id] },
      { sql: `UPDATE ${name} SET ${set}${from} WHERE ${isKept}${and}`, isResult: false, only: 'ofRowsRead' },
      { sql, isResult: true },
    ],
    columns,
  };
}

const aliasOf = (relation: NonNullable<UpdateStmt['relation']>): string =>
  relation.alias?.aliasname ?? relation.relname ?? '';

/** Checks that the rows have a %ID, and that RETURNING reads the changed table only. @throws Refusal */
function checkRowIds(
  verb: string,
  facts: TableFacts | undefined,
  exprs: readonly Node[],
  relation: NonNullable<UpdateStmt['relation']>,
  location: number | undefined,
): void {
  const isOther = (node: Node): boolean => {
    const fields = bodyOf(node, 'ColumnRef')?.fields;
    if (fields === undefined) return false;
    const [first = '', ...more] = namesOf(fields);
    const isStar = bodyOf(fields.at(-1), 'A_Star') !== undefined;
    const isAlone = more.length === 0 && !(isStar && fields.length > 1);
    return isAlone ? columnFacts(facts, first) === undefined : first !== aliasOf(relation);
  };
  if (facts?.hasRowId !== true)
    return refuse(
      `RETURNING of ${verb} of a view, or of an unknown table`,
      location,
      'Read the rows in the transaction.',
    );
  if (hasPart(exprs, isOther))
    refuse(`RETURNING of ${verb} of columns of other tables`, location, 'Read them in the transaction.');
}

/** The condition on a whole key in WHERE, if UPDATE does not change the key. */
export function rowByKey(update: UpdateStmt, facts: TableFacts, scope: Scope): Node | undefined {
  const all = bodyOf(update.whereClause, 'BoolExpr');
  const tests = all === undefined ? [update.whereClause] : all.boolop === 'AND_EXPR' ? (all.args ?? []) : [];
  const assigned = new Set(update.targetList?.map((node) => bodyOf(node, 'ResTarget')?.name?.toLowerCase()));
  const fixed = new Map<string, Node>();
  for (const test of tests) {
    const { kind, name, lexpr, rexpr } = bodyOf(test, 'A_Expr') ?? {};
    const column = bodyOf(lexpr, 'ColumnRef');
    const isConstant = isUntypedOrConstant(rexpr);
    if (test === undefined || kind !== 'AEXPR_OP' || lastNameOf(name) !== '=' || column === undefined || !isConstant)
      continue;
    if (scope.isOwn(column)) fixed.set(lastNameOf(column.fields)?.toLowerCase() ?? '', test);
  }
  const key = facts.uniqueKeys.find((each) => each.every((name) => fixed.has(name) && !assigned.has(name)));
  const args = key?.map((name) => fixed.get(name)).filter((test) => test !== undefined);
  return args === undefined || args.length === 0 ? undefined : { BoolExpr: { boolop: 'AND_EXPR', args, location: -1 } };
}

function isUntypedOrConstant(node: Node | undefined): boolean {
  const inner = bodyOf(node, 'TypeCast')?.arg ?? node;
  return bodyOf(inner, 'A_Const') !== undefined || bodyOf(inner, 'ParamRef') !== undefined;
}

export function printDelete(p: Printing, statement: DeleteStmt): PrintedChange {
  const relation = statement.relation ?? {};
  const { scope, name } = target(p, relation);
  if (statement.withClause !== undefined) printWith(p, statement.withClause, scope, {});
  const from = statement.usingClause === undefined ? '' : ` FROM ${printFrom(p, statement.usingClause, scope)}`;
  const condition = statement.whereClause === undefined ? undefined : p.predicate(statement.whereClause, scope);
  const where = condition === undefined ? '' : ` WHERE ${condition}`;
  // Row by row, IRIS would find each row still referenced by the next one.
  const isWhole =
    from === '' && where === '' && p.catalog.table(relationOf(relation))?.isReferencedByItselfOnly === true;
  const step = { sql: `DELETE ${isWhole ? '%NOCHECK ' : ''}FROM ${name}${from}${where}`, isResult: false };
  const exprs = statement.returningClause?.exprs;
  if (exprs === undefined) return { steps: [step] };
  checkRepeatable(statement.whereClause, 'RETURNING of DELETE');
  checkRepeatable(statement.usingClause, 'RETURNING of DELETE');
  const facts = p.catalog.table(relationOf(relation));
  if (from !== '') checkRowIds('DELETE', facts, exprs, relation, placeOf(statement.returningClause));
  const alias = identifier(aliasOf(relation));
  const isOne =
    from === ''
      ? (condition ?? '1 = 1')
      : `${alias}.%ID IN (SELECT ${alias}.%ID FROM ${name}, ${from.slice(' FROM '.length)}${where})`;
  const { sql, columns } = printReturning(p, exprs, relation, facts, isOne);
  return {
    steps: [
      { sql, isResult: true },
      { ...step, only: 'ofRowsRead' },
    ],
    columns,
  };
}

function target(p: Printing, relation: NonNullable<UpdateStmt['relation']>): { scope: Scope; name: string } {
  const scope = new Scope();
  const alias = relation.alias?.aliasname;
  const columns = p.catalog.table(relationOf(relation))?.columns.map(visibleColumn);
  scope.tables.push({ alias: alias ?? relation.relname ?? '', columns, isOuter: false });
  return { scope, name: printRelation(p, relation) + (alias === undefined ? '' : ` AS ${identifier(alias)}`) };
}
