import type { ColumnRef, Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { identifier } from './names.ts';
import { Refusal, refuse } from './refusal.ts';
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

/** A number in ORDER BY is a result column; so is a name, before any column of a table. */
export function sortedNode(node: Node | undefined, targets: readonly Target[] | undefined): Node | undefined {
  const number = bodyOf(node, 'A_Const')?.ival?.ival;
  if (number !== undefined) {
    const location = bodyOf(node, 'A_Const')?.location;
    const target = targets?.[number - 1];
    if (targets !== undefined && target === undefined)
      throw new Refusal(`ORDER BY position ${number} is not in select list`, { sqlstate: '42P10', location });
    return target?.node ?? refuse('ORDER BY a number over *', location);
  }
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  const name = fields.length === 1 ? namesOf(fields)[0] : undefined;
  return targets?.find(({ column }) => column.name === name)?.node ?? node;
}

/** Equal but for their places in the text, and for how columns are called where the scope is given. */
export function isSame(left: Node | undefined, right: Node | undefined, scope?: Scope): boolean {
  const bare = (node: Node | undefined): string | undefined =>
    JSON.stringify(node, (name, value: unknown) => {
      if (name === 'location') return undefined;
      return name === 'ColumnRef' ? (scope?.placeOf(value as ColumnRef) ?? value) : value;
    });
  return bare(left) === bare(right);
}

export function resultPlace(node: Node | undefined, targets: readonly Target[]): number {
  const number = bodyOf(node, 'A_Const')?.ival?.ival;
  if (number !== undefined) return number - 1;
  const fields = bodyOf(node, 'ColumnRef')?.fields ?? [];
  const name = fields.length === 1 ? namesOf(fields)[0] : undefined;
  const byName = targets.findIndex(({ column }) => column.name === name);
  return byName >= 0 ? byName : targets.findIndex((target) => isSame(target.node, node));
}
