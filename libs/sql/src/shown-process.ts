import type { FuncCall, Node } from 'libpg-query';
import { bodyOf, lastNameOf, namesOf } from './ast.ts';

type Fields = Readonly<Record<string, unknown>>;

/** Whether the result of a statement may contain the process id of its backend; comparing with it does not count. */
export function showsProcess(statement: Node): boolean {
  const copy = bodyOf(statement, 'CopyStmt');
  const query = copy?.query ?? bodyOf(statement, 'DeclareCursorStmt')?.query ?? statement;
  const select = bodyOf(query, 'SelectStmt');
  if (select !== undefined) return select.intoClause === undefined && hasProcess(query);
  const change =
    bodyOf(query, 'InsertStmt') ??
    bodyOf(query, 'UpdateStmt') ??
    bodyOf(query, 'DeleteStmt') ??
    bodyOf(query, 'MergeStmt');
  return change?.returningClause !== undefined && hasProcess(query);
}

/** Fields that affect only which rows are returned and their order. */
const conditions: ReadonlySet<string> = new Set([
  ...['whereClause', 'havingClause', 'quals', 'agg_filter', 'joinCondition'],
  ...['sortClause', 'groupClause', 'windowClause', 'agg_order', 'limitCount', 'limitOffset'],
]);
const comparisons: ReadonlySet<string> = new Set(['=', '<>', '!=']);

function hasProcess(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(hasProcess);
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(value as Fields).some(([name, field]) => {
    if (conditions.has(name)) return false;
    if (name === 'FuncCall' && namesOf((field as FuncCall).funcname).at(-1) === 'pg_backend_pid') return true;
    if (name === 'A_Expr' && comparisons.has(lastNameOf((field as { name?: Node[] }).name) ?? '')) return false;
    return hasProcess(field);
  });
}
