import type { ColumnRef, Node } from 'libpg-query';
import { bodyOf, isPlace, namesOf } from '../ast.ts';
import { identifier } from './names.ts';
import { placeOf, Refusal, refuse } from './refusal.ts';
import type { Scope, SeenColumn } from './scope.ts';

/** A result column, as it is printed and as it is seen from outside. */
export interface Target {
  readonly node: Node | undefined;
  readonly sql: string;
  readonly column: SeenColumn;
}

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

/** A number in ORDER BY is a result column; so is a name, before any column of a table. Undefined for anything else. */
export function resultOf(node: Node | undefined, targets: readonly Target[], scope?: Scope): Target | undefined {
  const { ival, location } = bodyOf(node, 'A_Const') ?? {};
  if (ival !== undefined) {
    const number = ival.ival ?? 0;
    const message = `ORDER BY position ${number} is not in select list`;
    if (targets[number - 1] === undefined) throw new Refusal(message, { sqlstate: '42P10', location });
    return targets[number - 1];
  }
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  const name = fields.length === 1 ? namesOf(fields)[0] : undefined;
  const [target, ...others] = targets.filter(({ column }) => column.name === name);
  if (others.some((other) => !isSame(other.node, target?.node, scope)))
    throw new Refusal(`ORDER BY "${name ?? ''}" is ambiguous`, { sqlstate: '42702', location: placeOf(node) });
  return target;
}

export function sortedNode(
  node: Node | undefined,
  targets: readonly Target[] | undefined,
  scope: Scope,
): Node | undefined {
  const { ival, location } = bodyOf(node, 'A_Const') ?? {};
  if (targets === undefined) return ival === undefined ? node : refuse('ORDER BY a number over *', location);
  return resultOf(node, targets, scope)?.node ?? node;
}

/** Equal but for their places in the text, and for how columns are called where the scope is given. */
export function isSame(left: Node | undefined, right: Node | undefined, scope?: Scope): boolean {
  const bare = (node: Node | undefined): string | undefined =>
    JSON.stringify(node, (name, value: unknown) => {
      if (isPlace(name)) return undefined;
      return name === 'ColumnRef' ? (scope?.placeOf(value as ColumnRef) ?? value) : value;
    });
  return bare(left) === bare(right);
}
