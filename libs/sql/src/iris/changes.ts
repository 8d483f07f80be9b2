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
import { bodyOf, kindOf } from '../ast.ts';
import { checkAssigned, columnFacts, printAssigned } from './assigned.ts';
import type { ColumnFacts, TableFacts } from './catalog.ts';
import { printFrom, printRelation, relationOf } from './from.ts';
import { labelOf } from './labels.ts';
import { typeOf } from './inference.ts';
import { identifier } from './names.ts';
import { scaleOf } from './numeric-scale.ts';
import type { Printing } from './printing.ts';
import { printWith } from './query.ts';
import { placeOf, refuse, Refusal } from './refusal.ts';
import { Scope, seenColumn, type SeenColumn } from './scope.ts';

/** One call to IRIS, as printed text with marks. */
export interface PrintedStep {
  readonly sql: string;
  /** Its rows are those of the statement. Of all other steps only the counts of rows are added up. */
  readonly isResult: boolean;
}

export interface PrintedChange {
  readonly steps: readonly PrintedStep[];
  readonly columns?: readonly SeenColumn[];
}

export function printInsert(p: Printing, insert: InsertStmt): PrintedChange {
  const relation = insert.relation ?? {};
  if (insert.override === 'OVERRIDING_USER_VALUE') return refuse('OVERRIDING USER VALUE');
  if (relation.alias !== undefined) return refuse('an alias of the target', relation.location);
  const facts = p.catalog.table(relationOf(relation));
  const cols = (insert.cols ?? []).map((node) => bodyOf(node, 'ResTarget')?.name ?? '');
  const columns = cols.length > 0 ? cols : facts?.columns.map(({ name }) => name);
  const table = printRelation(p, relation);
  const verb = insert.onConflictClause === undefined ? 'INSERT' : upsertVerb(insert.onConflictClause, columns, facts);
  const returning =
    insert.returningClause?.exprs === undefined
      ? undefined
      : printReturning(p, insert.returningClause.exprs, relation, facts);
  const select = withBefore(insert.withClause, bodyOf(insert.selectStmt, 'SelectStmt'));
  if (select === undefined) return withReturning([`${verb} INTO ${table} DEFAULT VALUES`], returning);
  if (select.valuesLists === undefined) {
    if (returning !== undefined)
      return refuse('RETURNING of INSERT ... SELECT', placeOf(insert.returningClause), 'Insert row by row.');
    const list = cols.length === 0 ? '' : ` (${cols.map((name) => identifier(name)).join(', ')})`;
    const into = columns?.map((name) => columnFacts(facts, name));
    const query = p.query(select, undefined, into === undefined ? {} : { assigned: into });
    for (const [place, column] of (into ?? []).entries())
      checkAssigned(query.columns?.[place]?.type, column, select.targetList?.[place]);
    return { steps: [{ sql: `${verb} INTO ${table}${list} ${query.sql}`, isResult: false }] };
  }
  return withReturning(rowInserts(p, select, `${verb} INTO ${table}`, columns, facts, cols.length > 0), returning);
}

/** What WITH names before INSERT is the same inside its query. */
function withBefore(clause: WithClause | undefined, select: SelectStmt | undefined): SelectStmt | undefined {
  if (clause === undefined) return select;
  if (select === undefined || select.valuesLists !== undefined)
    return refuse('WITH before INSERT of values', clause.location);
  const { ctes = [], recursive = false } = select.withClause ?? {};
  const all = { recursive: recursive || clause.recursive === true, ctes: [...(clause.ctes ?? []), ...ctes] };
  return { ...select, withClause: { ...clause, ...all } };
}

/** One statement for each row: a DEFAULT leaves its column out, and LAST_IDENTITY knows one row only. */
function rowInserts(
  p: Printing,
  select: SelectStmt,
  head: string,
  columns: readonly string[] | undefined,
  facts: TableFacts | undefined,
  isNamed: boolean,
): readonly string[] {
  const scope = new Scope();
  return (select.valuesLists ?? []).map((row) => {
    const values = bodyOf(row, 'List')?.items ?? [];
    const given = values
      .map((node, place) => ({ node, name: columns?.[place] }))
      .filter(({ node }) => kindOf(node) !== 'SetToDefault');
    if (given.length < values.length && columns === undefined) {
      return refuse('DEFAULT in a table of unknown columns', undefined, 'Name the columns.');
    }
    checkCount(values, columns, isNamed);
    const valueOf = ({ node, name }: (typeof given)[number]): string =>
      printAssigned(p, node, columnFacts(facts, name), scope);
    if (given.length === 0) return `${head} DEFAULT VALUES`;
    const list = columns === undefined ? '' : ` (${given.map(({ name }) => identifier(name ?? '')).join(', ')})`;
    return `${head}${list} VALUES (${given.map(valueOf).join(', ')})`;
  });
}

function checkCount(values: readonly Node[], columns: readonly string[] | undefined, isNamed: boolean): void {
  const count = values.length;
  if (columns === undefined || count === columns.length || (count < columns.length && !isNamed)) return;
  const [more, fewer] = count > columns.length ? ['expressions', 'target columns'] : ['target columns', 'expressions'];
  throw new Refusal(`INSERT has more ${more} than ${fewer}`, { sqlstate: '42601', location: placeOf(values) });
}

interface Returning {
  readonly sql: string;
  readonly columns: readonly SeenColumn[];
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

function printReturning(
  p: Printing,
  exprs: readonly Node[],
  relation: NonNullable<InsertStmt['relation']>,
  facts?: TableFacts,
): Returning {
  const scope = new Scope();
  scope.tables.push({ alias: relation.relname ?? '', columns: facts?.columns.map(seenColumn), isOuter: false });
  const targets = exprs.map((node) => bodyOf(node, 'ResTarget') ?? {}).flatMap((target) => withoutStar(target, facts));
  const columns = targets.map(({ val, name }): SeenColumn => {
    const type = typeOf(p, val, scope);
    return { name: labelOf(val, name), type, isNullable: true, isExact: false, scale: scaleOf(p, val, scope) };
  });
  const list = targets.map(({ val }) => p.value(val, scope)).join(', ');
  return { sql: `SELECT ${list} FROM ${printRelation(p, relation)} WHERE %ID = LAST_IDENTITY()`, columns };
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
 * INSERT OR UPDATE sets every column it is given and goes by every unique key there is: the same only where the table has
 * no other key, and each column that is given and not part of the key is set to what was to be inserted.
 */
function upsertVerb(
  clause: OnConflictClause,
  columns: readonly string[] | undefined,
  facts: TableFacts | undefined,
): string {
  const { location, infer } = clause;
  const hint =
    'INSERT OR UPDATE of IRIS is the same only for ON CONFLICT (the one key) DO UPDATE SET each column = EXCLUDED.column.';
  if (clause.action !== 'ONCONFLICT_UPDATE') return refuse('ON CONFLICT DO NOTHING', location, hint);
  if (facts === undefined || columns === undefined)
    return refuse('ON CONFLICT on a table of unknown keys', location, hint);
  const target = (infer?.indexElems ?? []).map((node) => bodyOf(node, 'IndexElem')?.name ?? '');
  const [key, ...others] = facts.uniqueKeys;
  const set = clause.targetList ?? [];
  const isWhole =
    key !== undefined &&
    others.length === 0 &&
    sameWords(key, target) &&
    clause.whereClause === undefined &&
    infer?.whereClause === undefined &&
    key.every((name) => columns.includes(name)) &&
    sameWords(columns, [...key, ...set.map((node) => bodyOf(node, 'ResTarget')?.name ?? '')]) &&
    set.every(isExcludedOfItsName);
  return isWhole ? 'INSERT OR UPDATE' : refuse('this ON CONFLICT', location, hint);
}

function isExcludedOfItsName(node: Node): boolean {
  const { name, val } = bodyOf(node, 'ResTarget') ?? {};
  const words = (bodyOf(val, 'ColumnRef')?.fields ?? []).map((field) => bodyOf(field, 'String')?.sval);
  return words.length === 2 && words[0] === 'excluded' && words[1] === name;
}

function sameWords(left: readonly string[], right: readonly string[]): boolean {
  return [...left].sort().join('\0') === [...right].sort().join('\0');
}

export function printUpdate(p: Printing, update: UpdateStmt): PrintedChange {
  const relation = update.relation ?? {};
  if (update.returningClause !== undefined) return refuseReturning('UPDATE', update.returningClause);
  const { scope, name } = target(p, relation);
  if (update.withClause !== undefined) printWith(p, update.withClause, scope, {});
  const from = update.fromClause === undefined ? '' : ` FROM ${printFrom(p, update.fromClause, scope)}`;
  const facts = p.catalog.table(relationOf(relation));
  const set = (update.targetList ?? []).map((node) => {
    const assigned = bodyOf(node, 'ResTarget') ?? {};
    return printAssignment(p, assigned, scope, columnFacts(facts, assigned.name));
  });
  const where = update.whereClause === undefined ? '' : ` WHERE ${p.predicate(update.whereClause, scope)}`;
  return { steps: [{ sql: `UPDATE ${name} SET ${set.join(', ')}${from}${where}`, isResult: false }] };
}

function printAssignment(
  p: Printing,
  { name, val, indirection, location }: ResTarget,
  scope: Scope,
  column?: ColumnFacts,
): string {
  if (indirection !== undefined) return refuse('an assignment to a part of a column', location);
  if (val === undefined || kindOf(val) === 'MultiAssignRef')
    return refuse('an assignment to several columns', location);
  if (kindOf(val) === 'SetToDefault') return refuse('SET ... = DEFAULT', location);
  return `${identifier(name ?? '', location)} = ${printAssigned(p, val, column, scope)}`;
}

export function printDelete(p: Printing, statement: DeleteStmt): PrintedChange {
  const relation = statement.relation ?? {};
  if (statement.returningClause !== undefined) return refuseReturning('DELETE', statement.returningClause);
  const { scope, name } = target(p, relation);
  if (statement.withClause !== undefined) printWith(p, statement.withClause, scope, {});
  const from = statement.usingClause === undefined ? '' : ` FROM ${printFrom(p, statement.usingClause, scope)}`;
  const where = statement.whereClause === undefined ? '' : ` WHERE ${p.predicate(statement.whereClause, scope)}`;
  // Row by row IRIS would find each row still referenced by the next one.
  const isWhole =
    from === '' && where === '' && p.catalog.table(relationOf(relation))?.isReferencedByItselfOnly === true;
  return { steps: [{ sql: `DELETE ${isWhole ? '%NOCHECK ' : ''}FROM ${name}${from}${where}`, isResult: false }] };
}

function refuseReturning(verb: string, clause: unknown): never {
  return refuse(`RETURNING of ${verb}`, placeOf(clause), 'Read the rows in the transaction before they are changed.');
}

function target(p: Printing, relation: NonNullable<UpdateStmt['relation']>): { scope: Scope; name: string } {
  const scope = new Scope();
  const alias = relation.alias?.aliasname;
  const columns = p.catalog.table(relationOf(relation))?.columns.map(seenColumn);
  scope.tables.push({ alias: alias ?? relation.relname ?? '', columns, isOuter: false });
  return { scope, name: printRelation(p, relation) + (alias === undefined ? '' : ` AS ${identifier(alias)}`) };
}
