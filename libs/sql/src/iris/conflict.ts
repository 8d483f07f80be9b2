import type { InsertStmt, Node, OnConflictClause, ResTarget } from 'libpg-query';
import { bodyOf, hasPart, namesOf } from '../ast.ts';
import { columnFacts, printAssigned } from './assigned.ts';
import type { ColumnFacts, TableFacts } from './catalog.ts';
import type { PrintedStep } from './changes.ts';
import { isConstant } from './inference.ts';
import { printAssignments } from './assignments.ts';
import { printRelation } from './from.ts';
import { columnOf, number, operator, booleanNode, words } from './node-builders.ts';
import { identifier } from './names.ts';
import type { Printing } from './printing.ts';
import { placeOf, refuse, Refusal } from './refusal.ts';
import { checkRepeatable } from './repeatable.ts';
import { replaced } from './rows-of-values.ts';
import { Scope, visibleColumn } from './scope.ts';
import { withoutPlaces } from './targets.ts';
import { typedValue } from './typed-constants.ts';

/** The values of a row to insert, by column name. */
export type GivenRow = ReadonlyMap<string, Node>;

export interface Conflicts {
  readonly relation: NonNullable<InsertStmt['relation']>;
  readonly clause: OnConflictClause;
  readonly facts: TableFacts;
}

const aboutKeys =
  'ON CONFLICT (the columns of a key) DO UPDATE, or DO NOTHING, of a table whose keys are known is translated.';

/** The keys by which a row may conflict. @throws Refusal they are unknown */
function conflictKeys({ clause, facts }: Conflicts): readonly (readonly string[])[] {
  const { infer, location } = clause;
  if (infer?.conname !== undefined || infer?.whereClause !== undefined)
    return refuse('ON CONFLICT on a constraint by its name, or a part of an index', location, aboutKeys);
  if (infer === undefined) return facts.uniqueKeys;
  const said = columnsOfKey(clause);
  const unknown = said.findIndex((name) => name !== '' && columnFacts(facts, name) === undefined);
  if (unknown >= 0)
    throw new Refusal(`column "${said[unknown] ?? ''}" does not exist`, {
      sqlstate: '42703',
      location: placeOf(infer.indexElems?.[unknown]) ?? infer.location,
    });
  const key = facts.uniqueKeys.find((each) => sameWords(each, said));
  return key === undefined ? refuse('ON CONFLICT on columns that are no key', location, aboutKeys) : [key];
}

/** The columns that ON CONFLICT names; '' for an expression. */
export const columnsOfKey = ({ infer }: OnConflictClause): readonly string[] =>
  (infer?.indexElems ?? []).map((node) => bodyOf(node, 'IndexElem')?.name?.toLowerCase() ?? '');

export function sameWords(left: readonly string[], right: readonly string[]): boolean {
  return [...left].sort().join('\0') === [...right].sort().join('\0');
}

/** The condition that selects the row with the same key; undefined if IRIS generates the key. */
function isSameRow(key: readonly string[], row: GivenRow, facts: TableFacts, table: string): Node | undefined {
  const tests = key.map((name) => {
    const value = row.get(name);
    checkRepeatable(value, 'ON CONFLICT with a key');
    return value === undefined
      ? undefined
      : operator('=', columnOf(table, name), asColumn(value, columnFacts(facts, name)));
  });
  const given = tests.filter((test) => test !== undefined);
  return given.length < key.length || given.length === 0 ? undefined : booleanNode('AND_EXPR', given);
}

/**
 * Of rows that are certain to have the same key the second would change what the first has put there. What parameters bring is
 * not known here.
 * @throws Refusal 21000
 */
export function checkOnce(clause: OnConflictClause, rows: readonly GivenRow[]): void {
  const key = columnsOfKey(clause);
  if (clause.action !== 'ONCONFLICT_UPDATE' || key.length === 0 || rows.length < 2) return;
  const seen = new Set<string | undefined>();
  for (const row of rows) {
    const values = key.map((name) => row.get(name));
    if (!values.every((value) => isConstant(value) && bodyOf(value, 'A_Const')?.isnull !== true)) continue;
    const text = withoutPlaces(values);
    if (seen.has(text))
      throw new Refusal('ON CONFLICT DO UPDATE command cannot affect row a second time', {
        sqlstate: '21000',
        isPlaceless: true,
        hint: 'Ensure that no rows proposed for insertion within the same command have duplicate constrained values.',
      });
    seen.add(text);
  }
}

/** A value cast to the type of its column. */
function asColumn(arg: Node, column: ColumnFacts | undefined): Node {
  if (column === undefined) return arg;
  const typmods = column.type === 'numeric' ? (column.modifiers ?? []).map(number) : [];
  const names = words(column.type === 'bpchar' ? 'text' : column.type);
  return { TypeCast: { arg, typeName: { names, ...(typmods.length === 0 ? {} : { typmods }), location: -1 } } };
}

/** Inserts a row unless it exists. If another session inserts it in between, the INSERT fails with 23505. */
export function insertUnlessThere(p: Printing, conflicts: Conflicts, row: GivenRow): PrintedStep {
  const { relation, facts } = conflicts;
  const scope = new Scope();
  const table = relation.relname ?? '';
  const inner = new Scope(scope);
  inner.tables.push({ alias: table, columns: facts.columns.map(visibleColumn), isOuter: false });
  const tests = conflictKeys(conflicts)
    .map((key) => isSameRow(key, row, facts, table))
    .filter((test) => test !== undefined);
  const names = [...row.keys()];
  const values = [...row].map(([name, node]) => {
    const column = columnFacts(facts, name);
    return typedValue(p, node, column?.type) ?? printAssigned(p, node, column, scope);
  });
  const head = `INSERT INTO ${printRelation(p, relation)}`;
  if (names.length === 0) return { sql: `${head} DEFAULT VALUES`, isResult: false };
  const list = `(${names.map((name) => identifier(name)).join(', ')})`;
  if (tests.length === 0) return { sql: `${head} ${list} VALUES (${values.join(', ')})`, isResult: false };
  const isThere = tests
    .map((test) => `NOT EXISTS (SELECT 1 FROM ${printRelation(p, relation)} WHERE ${p.predicate(test, inner)})`)
    .join(' AND ');
  return { sql: `${head} ${list} SELECT ${values.join(', ')} WHERE ${isThere}`, isResult: false };
}

/** Updates the row with the key, or inserts it if there is none. */
export function updateOrInsert(
  p: Printing,
  conflicts: Conflicts,
  row: GivenRow,
  insert: string,
): { readonly steps: readonly PrintedStep[]; readonly isSame: Node } {
  const { relation, clause, facts } = conflicts;
  const [key = []] = conflictKeys(conflicts);
  const table = relation.alias?.aliasname ?? relation.relname ?? '';
  const isSame =
    isSameRow(key, row, facts, table) ?? refuse('ON CONFLICT with a key that is not given', clause.location, aboutKeys);
  if (clause.infer === undefined) return refuse('ON CONFLICT DO UPDATE without a key', clause.location, aboutKeys);
  const isKey = (name = ''): boolean => key.includes(name.toLowerCase());
  // A key column that is set to its own value.
  const isKept = ({ name, val }: ResTarget): boolean =>
    isKey(name) &&
    namesOf(bodyOf(val, 'ColumnRef')?.fields).join('.').toLowerCase() === `excluded.${name?.toLowerCase() ?? ''}`;
  const all = (clause.targetList ?? []).map((node) => bodyOf(node, 'ResTarget') ?? {});
  const set = all.filter((each) => !isKept(each));
  if (set.length === 0 || set.some(({ name }) => isKey(name)))
    return refuse('ON CONFLICT that changes the key', clause.location);
  const excluded = (node: Node): Node | undefined => {
    const words = namesOf(bodyOf(node, 'ColumnRef')?.fields);
    if (words.length !== 2 || words[0] !== 'excluded') return undefined;
    const value = row.get(words[1]?.toLowerCase() ?? '');
    if (value === undefined) return refuse('EXCLUDED of a column that is not given', placeOf(node));
    checkRepeatable(value, 'EXCLUDED');
    return asColumn(value, columnFacts(facts, words[1]));
  };
  const isOfRow = (node: Node): boolean => namesOf(bodyOf(node, 'ColumnRef')?.fields)[0] === 'excluded';
  const assigned = set.map((each) => replaced(each, excluded) as typeof each);
  const condition = replaced(clause.whereClause, excluded) as Node | undefined;
  if (hasPart([assigned, condition], isOfRow)) return refuse('this use of EXCLUDED', clause.location);
  const scope = new Scope();
  scope.tables.push({ alias: table, columns: facts.columns.map(visibleColumn), isOuter: false });
  const alias = relation.alias === undefined ? '' : ` AS ${identifier(table)}`;
  const values = printAssignments(
    p,
    assigned.map((each): Node => ({ ResTarget: each })),
    scope,
    facts,
  );
  const where = condition === undefined ? isSame : booleanNode('AND_EXPR', [isSame, condition]);
  const update = `UPDATE ${printRelation(p, relation)}${alias} SET ${values} WHERE ${p.predicate(where, scope)}`;
  // A row that exists but does not match the condition must not be inserted either.
  const orInsert = condition === undefined ? insert : insertUnlessThere(p, conflicts, row).sql;
  return {
    steps: [
      { sql: update, isResult: false },
      { sql: orInsert, isResult: false, only: 'afterNone' },
    ],
    isSame,
  };
}
