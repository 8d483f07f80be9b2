import type { Node } from 'libpg-query';
import { bodyOf, kindOf, namesOf } from '../ast.ts';

/** The name that PostgreSQL gives a column of a result. */
export function labelOf(node: Node | undefined, name?: string): string {
  return name ?? strongLabel(node) ?? weakLabel(node) ?? '?column?';
}

/** A name of the expression itself (strength 2 in PostgreSQL's FigureColname). */
function strongLabel(node: Node | undefined): string | undefined {
  if (node === undefined) return undefined;
  const column = bodyOf(node, 'ColumnRef');
  if (column !== undefined) return namesOf(column.fields).at(-1);
  const call = bodyOf(node, 'FuncCall');
  if (call !== undefined) return namesOf(call.funcname).at(-1);
  const cast = bodyOf(node, 'TypeCast');
  if (cast !== undefined) return strongLabel(cast.arg);
  const collation = bodyOf(node, 'CollateClause');
  if (collation !== undefined) return strongLabel(collation.arg);
  if (bodyOf(node, 'A_Expr')?.kind === 'AEXPR_NULLIF') return 'nullif';
  if (kindOf(node) === 'CoalesceExpr') return 'coalesce';
  if (kindOf(node) === 'GroupingFunc') return 'grouping';
  const extreme = bodyOf(node, 'MinMaxExpr');
  if (extreme !== undefined) return extreme.op === 'IS_GREATEST' ? 'greatest' : 'least';
  const value = bodyOf(node, 'SQLValueFunction')?.op;
  if (value !== undefined) return value.replace('SVFOP_', '').replace(/_N$/, '').toLowerCase();
  return queryLabel(node);
}

function queryLabel(node: Node): string | undefined {
  const link = bodyOf(node, 'SubLink');
  if (link?.subLinkType === 'EXISTS_SUBLINK') return 'exists';
  if (link?.subLinkType === 'ARRAY_SUBLINK') return 'array';
  if (link?.subLinkType !== 'EXPR_SUBLINK') return undefined;
  const select = bodyOf(link.subselect, 'SelectStmt');
  if (select?.valuesLists !== undefined) return 'column1';
  const target = bodyOf(select?.targetList?.[0], 'ResTarget');
  return target?.name ?? strongLabel(target?.val);
}

/** A fallback name, if nothing inside has a better one. */
function weakLabel(node: Node | undefined): string | undefined {
  const cast = bodyOf(node, 'TypeCast');
  if (cast !== undefined) return namesOf(cast.typeName?.names).at(-1);
  const collation = bodyOf(node, 'CollateClause');
  if (collation !== undefined) return weakLabel(collation.arg);
  const branch = bodyOf(node, 'CaseExpr');
  if (branch !== undefined) return strongLabel(branch.defresult) ?? 'case';
  return bodyOf(node, 'A_ArrayExpr') === undefined ? undefined : 'array';
}
