import type { ColumnRef, Node } from 'libpg-query';
import { bodyOf, isPlace, namesOf } from '../ast.ts';
import { identifier } from './names.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope, VisibleColumn } from './scope.ts';

/** A printed result column. */
export interface Target {
  readonly node: Node | undefined;
  readonly sql: string;
  readonly column: VisibleColumn;
}

/** Makes column names unique for IRIS; the client sees the original ones. */
export function distinctNames(labels: readonly string[]): readonly string[] {
  return labels.map((label, at) => (labels.indexOf(label) < at ? `iris_c${at + 1}` : label));
}

export const labelled = (column: VisibleColumn, label = column.name): VisibleColumn =>
  label === column.name ? column : { ...column, label };

export const named = (targets: readonly Target[]): string =>
  targets.map(({ sql, column }) => `${sql} AS ${identifier(column.name)}`).join(', ');

export function names(targets: readonly Target[]): string {
  const all = targets.map(({ column }) => column.name);
  if (new Set(all).size < all.length) return refuse('two result columns of one name, here');
  return all.map((name) => identifier(name)).join(', ');
}

export function hasAggregate(targets: readonly Target[] | undefined): boolean {
  return targets?.some(({ sql }) => /\b(COUNT|SUM|AVG|MIN|MAX|LIST|STDDEV\w*|VAR\w*)\(/.test(sql)) === true;
}

export type Clause = 'ORDER BY' | 'GROUP BY' | 'DISTINCT ON';

/** The index of the result column that a constant in a clause refers to. @throws Refusal 42601 for any other constant */
export function placeOfResult(node: Node | undefined, clause: Clause): number | undefined {
  const constant = bodyOf(node, 'A_Const');
  if (constant === undefined || constant.ival !== undefined) return constant && (constant.ival?.ival ?? 0);
  throw new Refusal(`non-integer constant in ${clause}`, { sqlstate: '42601', location: constant.location });
}

/** @throws Refusal 42P10 */
export function noResult(node: Node | undefined, clause: Clause): never {
  const { location } = bodyOf(node, 'A_Const') ?? {};
  throw new Refusal(`${clause} position ${placeOfResult(node, clause) ?? 0} is not in select list`, {
    sqlstate: '42P10',
    location,
  });
}

/** The result column that a number or name in ORDER BY refers to (names of results precede table columns); undefined for anything else. */
export function resultOf(
  node: Node | undefined,
  targets: readonly Target[],
  scope?: Scope,
  clause: Clause = 'ORDER BY',
): Target | undefined {
  const place = placeOfResult(node, clause);
  if (place !== undefined) return targets[place - 1] ?? noResult(node, clause);
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  const name = fields.length === 1 ? namesOf(fields)[0] : undefined;
  const [target, ...others] = targets.filter(({ column }) => (column.label ?? column.name) === name);
  if (others.some((other) => other.node === undefined || !isSame(other.node, target?.node, scope)))
    throw new Refusal(`ORDER BY "${name ?? ''}" is ambiguous`, { sqlstate: '42702', location: placeOf(node) });
  return target;
}

export function sortedNode(
  node: Node | undefined,
  targets: readonly Target[] | undefined,
  scope: Scope,
  clause: Clause = 'ORDER BY',
): Node | undefined {
  const place = placeOfResult(node, clause);
  if (targets === undefined) return place === undefined ? node : refuse(`${clause} a number over *`, placeOf(node));
  return resultOf(node, targets, scope, clause)?.node ?? node;
}

/** Whether two nodes are equal, ignoring locations and, with a scope, how columns are qualified. */
export function isSame(left: Node | undefined, right: Node | undefined, scope?: Scope): boolean {
  return withoutPlaces(left, scope) === withoutPlaces(right, scope);
}

/** A part of a statement, the same for each that says the same. */
export function withoutPlaces(part: unknown, scope?: Scope): string | undefined {
  return JSON.stringify(part, (name, value: unknown) => {
    if (isPlace(name)) return undefined;
    return name === 'ColumnRef' ? (scope?.placeOf(value as ColumnRef) ?? value) : value;
  });
}
