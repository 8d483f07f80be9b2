import type { Node } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';
import type { Scope } from './scope.ts';
import { isSame } from './targets.ts';

/** One of the expressions by which the rows of a query are told apart. */
interface KeyPart {
  is(node: Node | undefined): boolean;
}

/** The ways to tell the rows apart that a query makes of its FROM and GROUP BY: each is whole with all of its parts. */
export function rowKeys(scope: Scope): readonly (readonly KeyPart[])[] {
  const { groups } = scope;
  if (groups !== undefined) return [groups.map((group) => ({ is: (node) => isSame(group, node, scope) }))];
  // A row of a join is one of each side, or of one side alone.
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
