import type { Node, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, namesOf } from '../ast.ts';

/** Clauses that prevent the rewriting. */
const others = [
  ...['withClause', 'whereClause', 'groupClause', 'havingClause', 'windowClause', 'distinctClause'],
  ...['limitCount', 'limitOffset', 'lockingClause', 'valuesLists', 'larg'],
] as const;

/**
 * Rewrites `SELECT a::int, b FROM (VALUES (1, 'x', 0), ...) AS v (a, b, n) ORDER BY n` as plain VALUES, sorted by a column of integers.
 * Undefined for other queries.
 */
export function rowsOfValues(select: SelectStmt): SelectStmt | undefined {
  const [source, ...more] = select.fromClause ?? [];
  const { subquery, alias, lateral } = bodyOf(source, 'RangeSubselect') ?? {};
  const values = bodyOf(subquery, 'SelectStmt');
  const isPlain = lateral !== true && more.length === 0 && values?.sortClause === undefined;
  if (!isPlain || values?.valuesLists === undefined || others.some((part) => part in select)) return undefined;
  if (values.withClause !== undefined || values.limitCount !== undefined || values.limitOffset !== undefined)
    return undefined;
  const names = namesOf(alias?.colnames);
  const placeOf = (node: Node): number | undefined => {
    const fields = bodyOf(node, 'ColumnRef')?.fields;
    if (fields === undefined) return undefined;
    const words = namesOf(fields);
    const isOfAlias = words.length === fields.length && (words.length === 1 || words[0] === alias?.aliasname);
    return isOfAlias && words.length <= 2 ? names.indexOf(words.at(-1) ?? '') : -1;
  };
  const rows = values.valuesLists.map((row) => bodyOf(row, 'List')?.items ?? []);
  const targets = (select.targetList ?? []).map((node) => bodyOf(node, 'ResTarget')?.val);
  const isOther = (node: Node): boolean => 'SubLink' in node || 'FuncCall' in node || placeOf(node) === -1;
  if (rows.some(({ length }) => length !== names.length) || hasPart([targets, rows], (node) => isOther(node)))
    return undefined;
  const sorted = inOrder(rows, select.sortClause ?? [], placeOf);
  return sorted === undefined
    ? undefined
    : {
        valuesLists: sorted.map((row) => ({
          List: { items: targets.map((target) => replaced(target, (node) => row[placeOf(node) ?? -1]) as Node) },
        })),
      };
}

type Row = readonly Node[];

function inOrder(
  rows: readonly Row[],
  clauses: readonly Node[],
  placeOf: (node: Node) => number | undefined,
): readonly Row[] | undefined {
  const [clause, ...more] = clauses.map((node) => bodyOf(node, 'SortBy'));
  if (clauses.length === 0) return rows;
  const place = clause?.node === undefined ? undefined : placeOf(clause.node);
  if (place === undefined || place < 0 || more.length > 0 || clause?.sortby_dir === 'SORTBY_DESC') return undefined;
  const keyed = rows.map((row) => ({ row, key: bodyOf(row[place], 'A_Const')?.ival }));
  if (keyed.some(({ key }) => key === undefined)) return undefined;
  return keyed.sort((left, right) => (left.key?.ival ?? 0) - (right.key?.ival ?? 0)).map(({ row }) => row);
}

/** Copies a part of a statement, replacing nodes. */
export function replaced(part: unknown, change: (node: Node) => Node | undefined): unknown {
  if (Array.isArray(part)) return part.map((each) => replaced(each, change));
  if (typeof part !== 'object' || part === null) return part;
  const other = change(part as Node);
  if (other !== undefined) return other;
  return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, replaced(each, change)]));
}
