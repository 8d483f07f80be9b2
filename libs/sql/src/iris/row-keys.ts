import type { Node } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';
import type { Scope } from './scope.ts';
import { isSame } from './targets.ts';

/** An expression of a key of a query's rows. */
interface KeyPart {
  is(node: Node | undefined): boolean;
}

/** The keys of the rows that FROM and GROUP BY produce. */
export function rowKeys(scope: Scope): readonly (readonly KeyPart[])[] {
  const { groups } = scope;
  if (groups !== undefined) return [groups.map((group) => ({ is: (node) => isSame(group, node, scope) }))];
  // A row of a join is identified by the keys of both sides.
  return scope.tables.reduce<readonly (readonly KeyPart[])[]>(
    (all, { alias, keys = [] }) =>
      all.flatMap((before) => keys.map((key) => [...before, ...key.map((name) => columnPart(scope, alias, name))])),
    scope.tables.length === 0 ? [] : [[]],
  );
}

function columnPart(scope: Scope, alias: string, name: string): KeyPart {
  return {
    is: (node) => {
      const reference = bodyOf(node, 'ColumnRef');
      return (
        lastNameOf(reference?.fields)?.toLowerCase() === name.toLowerCase() &&
        scope.ownerOf(reference ?? {})?.alias === alias
      );
    },
  };
}
