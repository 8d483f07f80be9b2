import type { FuncCall, Node, ResTarget, SelectStmt } from 'libpg-query';
import { bodyOf, hasPart, lastNameOf } from '../ast.ts';
import { countedSeries, ends } from './counted-series.ts';
import { printFrom } from './from.ts';
import { labelOf } from './labels.ts';
import { columnOf, target } from './node-builders.ts';
import type { Printing } from './printing.ts';
import { placeOf, refuse } from './refusal.ts';
import { Scope } from './scope.ts';

function seriesCall(node: Node): FuncCall | undefined {
  const call = bodyOf(node, 'FuncCall');
  return lastNameOf(call?.funcname) === 'generate_series' ? call : undefined;
}

const isSeries = (node: Node): boolean => seriesCall(node) !== undefined;

export const hasSeries = ({ targetList }: SelectStmt): boolean => hasPart(targetList, isSeries);

/** Rewrites generate_series in the select list: a subquery has the bounds and other columns, and the outer query produces the rows. */
export function withoutSeries(p: Printing, select: SelectStmt, scope: Scope): SelectStmt {
  const targets = (select.targetList ?? []).map((node) => bodyOf(node, 'ResTarget') ?? {});
  const labels = targets.map(({ val, name }) => labelOf(val, name));
  const place = placeOf(select.targetList);
  const made = targets.filter(({ val }) => hasPart(val, isSeries));
  const isStar = targets.some(({ val }) => bodyOf(bodyOf(val, 'ColumnRef')?.fields?.at(-1), 'A_Star') !== undefined);
  if (made.length > 1 || isStar || new Set(labels).size < labels.length || select.windowClause !== undefined)
    return refuse('generate_series among these columns', place, 'Take it in FROM.');
  const isSorted = (clause: Node): boolean => isLabel(bodyOf(clause, 'SortBy')?.node, labels);
  if (
    select.sortClause?.every(isSorted) === false ||
    select.distinctClause?.some((node) => Object.keys(node).length > 0)
  )
    return refuse('the order of rows of generate_series by something that is no column', place, 'Take it in FROM.');
  const rows = new Scope(scope); // only to resolve types
  if (select.fromClause !== undefined) printFrom(p, select.fromClause, rows);
  let call: FuncCall | undefined;
  hasPart(made[0]?.val, (node) => (call ??= seriesCall(node)) !== undefined);
  const series = countedSeries(p, call ?? {}, rows);
  const { fromClause, whereClause, groupClause, havingClause } = select;
  const inner: SelectStmt = {
    targetList: [
      ...targets.map((each, at): Node =>
        each === made[0] ? target(ends.from, series.from) : { ResTarget: { ...each, name: labels[at] ?? '' } },
      ),
      target(ends.to, series.to),
    ],
    ...(fromClause === undefined ? {} : { fromClause }),
    ...(whereClause === undefined ? {} : { whereClause }),
    ...(groupClause === undefined ? {} : { groupClause }),
    ...(havingClause === undefined ? {} : { havingClause }),
  };
  return {
    ...(Object.fromEntries(Object.entries(select).filter(([part]) => outsideParts.has(part))) as SelectStmt),
    targetList: targets.map((each, at): Node => {
      const label = labels[at] ?? '';
      return target(label, each === made[0] ? replaced(each, series.value) : columnOf(ends.query, label));
    }),
    fromClause: [
      { RangeSubselect: { subquery: { SelectStmt: inner }, alias: { aliasname: ends.query } } },
      series.numbers,
    ],
    whereClause: series.isWithin,
  };
}

/** Clauses that apply after the rows are produced. */
const outsideParts: ReadonlySet<string> = new Set([
  'distinctClause', 'sortClause', 'limitCount', 'limitOffset', 'limitOption',
]); // prettier-ignore

function isLabel(node: Node | undefined, labels: readonly string[]): boolean {
  if (bodyOf(node, 'A_Const')?.ival !== undefined) return true;
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  return fields.length === 1 && labels.includes(lastNameOf(fields) ?? '');
}

/** Replaces the call by the value of a row. */
function replaced({ val }: ResTarget, value: Node): Node {
  const change = (part: unknown): unknown => {
    if (Array.isArray(part)) return part.map(change);
    if (typeof part !== 'object' || part === null) return part;
    if (isSeries(part as Node)) return value;
    return Object.fromEntries(Object.entries(part).map(([name, each]) => [name, change(each)]));
  };
  return change(val) as Node;
}
