import type { Node, ParamRef, SelectStmt } from 'libpg-query';
import type { ColumnFacts, SqlCatalog } from './catalog.ts';
import type { IrisDialect } from './dialect.ts';
import type { Marks } from './fragment.ts';
import type { Hazard } from './guards.ts';
import type { ProxyComputation } from './proxy-computation.ts';
import type { SchemaMap } from './names.ts';
import type { PgType } from './pg-type.ts';
import type { Scope, VisibleRows } from './scope.ts';

/** The state shared by the printers of a statement. Also breaks the import cycle between expressions and queries. */
export interface Printing {
  readonly dialect: IrisDialect;
  readonly catalog: SqlCatalog;
  readonly schemas: SchemaMap;
  readonly marks: Marks;
  /** Types of `$1`, `$2` and so on declared by the client. */
  readonly parameterTypes: readonly (PgType | undefined)[];
  /** Types inferred for parameters without a declared type. */
  readonly inferredTypes: Map<number, PgType>;
  /** Array parameters, by element type. */
  readonly arrayTypes: Map<number, PgType>;
  /** Parameters that are result columns, which are text unless another type is inferred. */
  readonly textParameters: ParamRef[];
  /**
   * Sort as PostgreSQL does; false sorts as IRIS: NULLs first when ascending, and numeric texts before all others.
   */
  readonly isOrderKept: boolean;
  readonly hazards: Hazard[];
  /** SQLSTATEs that a division by zero may stand for: its own, and that of a failed cast. */
  readonly divisions: Set<string>;
  /** SQLSTATEs of function arguments outside of the domain. */
  readonly domains: Set<string>;
  /** Queries that must return no rows when the statement is run, as their rows would be missing from the result. */
  readonly checks: string[];
  query(select: SelectStmt, outer: Scope | undefined, options?: QueryOptions): PrintedQuery;
  /** Prints a subquery in an expression; cached. */
  queryValue(select: SelectStmt, scope: Scope, options?: Pick<QueryOptions, 'isExact' | 'isForClient'>): PrintedQuery;
  value(node: Node | undefined, scope: Scope): string;
  predicate(node: Node | undefined, scope: Scope): string;
}

export interface QueryOptions {
  /** The top-level query: LIMIT is allowed, and columns need no names. */
  readonly isTop?: boolean;
  /** Its columns go to the client unchanged, so that the proxy may compute them from texts. */
  readonly isForClient?: boolean;
  /** Texts must be printed by stored value, because rows are compared. */
  readonly isExact?: boolean;
  /** Aliases of the columns, from the left. */
  readonly names?: readonly string[];
  /** Types for untyped columns (NULL, string constants, parameters), from the left. */
  readonly types?: readonly (PgType | undefined)[];
  /** How the proxy computes its columns, from the left. */
  readonly computations?: readonly (ProxyComputation | undefined)[];
  /** A printed condition in addition to WHERE. */
  readonly extraCondition?: string;
  /** The target columns of an INSERT, to which PostgreSQL applies assignment casts. */
  readonly assigned?: readonly (ColumnFacts | undefined)[];
}

export interface PrintedQuery extends VisibleRows {
  readonly sql: string;
}
