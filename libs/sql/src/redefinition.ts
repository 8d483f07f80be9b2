import type { Node } from 'libpg-query';
import { bodyOf } from './ast.ts';

/** Whose new sessions begin with other settings after a statement. */
export interface Redefinition {
  /** Undefined: all roles. */
  readonly roles: readonly string[] | undefined;
  /** Undefined: all databases. */
  readonly database: string | undefined;
}

/** All sessions, if it is unknown which. */
export const allSessions: Redefinition = { roles: undefined, database: undefined };

/** The sessions affected by ALTER ROLE, DROP ROLE or ALTER DATABASE. */
export function redefinitionOf(node: Node): Redefinition | undefined {
  const [set, alter, drop] = [
    bodyOf(node, 'AlterRoleSetStmt'),
    bodyOf(node, 'AlterRoleStmt'),
    bodyOf(node, 'DropRoleStmt'),
  ] as const;
  if (set !== undefined) return { roles: set.role && rolesOf([{ RoleSpec: set.role }]), database: set.database };
  if (alter !== undefined) return { roles: alter.role && rolesOf([{ RoleSpec: alter.role }]), database: undefined };
  if (drop !== undefined) return { roles: rolesOf(drop.roles ?? []), database: undefined };
  const database = bodyOf(node, 'AlterDatabaseSetStmt')?.dbname ?? bodyOf(node, 'AlterDatabaseStmt')?.dbname;
  return database === undefined ? undefined : { roles: undefined, database };
}

/** Undefined: a role is not given by name (CURRENT_USER). */
function rolesOf(nodes: readonly Node[]): string[] | undefined {
  const names = nodes.map((node) => bodyOf(node, 'RoleSpec')?.rolename);
  return names.every((name) => name !== undefined) ? names : undefined;
}
