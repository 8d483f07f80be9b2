import type { Node, SelectStmt } from 'libpg-query';
import type { SqlCatalog } from './catalog.ts';
import type { IrisDialect } from './dialect.ts';
import type { Marks } from './fragment.ts';
import type { Hazard } from './guards.ts';
import type { SchemaMap } from './names.ts';
import type { PgType } from './pg-type.ts';
import type { Scope, SeenColumn } from './scope.ts';

/** What the printers of one statement share. Expressions hold queries and queries expressions: here they find each other. */
export interface Printing {
  readonly dialect: IrisDialect;
  readonly catalog: SqlCatalog;
  readonly schemas: SchemaMap;
  readonly marks: Marks;
  /** Of `$1`, `$2` ..., where the client told them. */
  readonly parameterTypes: readonly (PgType | undefined)[];
  /** The same as their places tell, where the client did not. */
  readonly learntTypes: Map<number, PgType>;
  /** Rows come NULLs last going up, as in PostgreSQL; false leaves them where IRIS has them, first. */
  readonly isNullOrderKept: boolean;
  readonly hazards: Hazard[];
  /** A query inside an expression; printed once, however often it is asked for. */
  query(select: SelectStmt, scope: Scope, options?: { readonly isExact?: boolean }): PrintedQuery;
  value(node: Node | undefined, scope: Scope): string;
  predicate(node: Node | undefined, scope: Scope): string;
}

export interface PrintedQuery {
  readonly sql: string;
  readonly columns: readonly SeenColumn[] | undefined;
}
