import type { Node, ParamRef, SelectStmt } from 'libpg-query';
import type { ColumnFacts, SqlCatalog } from './catalog.ts';
import type { IrisDialect } from './dialect.ts';
import type { Marks } from './fragment.ts';
import type { Hazard } from './guards.ts';
import type { MadeText } from './made-text.ts';
import type { SchemaMap } from './names.ts';
import type { PgType } from './pg-type.ts';
import type { Scope, SeenRows } from './scope.ts';

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
  /** Parameters that are arrays, by the types of their members. */
  readonly arrayTypes: Map<number, PgType>;
  /** Parameters that are columns of the result, and text unless something else has told their types. */
  readonly textParameters: ParamRef[];
  /**
   * Rows come as PostgreSQL sorts them; false leaves them as IRIS does: NULLs first going up, and texts that are numbers before
   * all others.
   */
  readonly isOrderKept: boolean;
  readonly hazards: Hazard[];
  /** SQLSTATEs of what ends in a division by zero: its own, and that of a cast. */
  readonly divisions: Set<string>;
  /** SQLSTATEs of functions that do not take every value of their types. */
  readonly domains: Set<string>;
  /** Queries whose rows would be left out of the answer: each has to have none when the statement is run. */
  readonly checks: string[];
  query(select: SelectStmt, outer: Scope | undefined, options?: QueryOptions): PrintedQuery;
  /** A query inside an expression; printed once, however often it is asked for. */
  queryValue(select: SelectStmt, scope: Scope, options?: Pick<QueryOptions, 'isExact' | 'isShown'>): PrintedQuery;
  value(node: Node | undefined, scope: Scope): string;
  predicate(node: Node | undefined, scope: Scope): string;
}

export interface QueryOptions {
  /** The statement itself, not a part of one: here LIMIT may stand, and columns need no names. */
  readonly isTop?: boolean;
  /** Its columns are shown as they are, or not at all: of their texts the proxy may make something. */
  readonly isShown?: boolean;
  /** Text has to come as it is stored, because the rows will be compared. */
  readonly isExact?: boolean;
  /** Other names for the columns, from the left. */
  readonly names?: readonly string[];
  /** What NULL, a string constant or a parameter has to be, from the left: nothing else will say it. */
  readonly types?: readonly (PgType | undefined)[];
  /** What the proxy makes of the texts of its columns, from the left. */
  readonly made?: readonly (MadeText | undefined)[];
  /** A printed condition on its rows, beside WHERE. */
  readonly among?: string;
  /** The columns that the rows go into, which says the same and more: PostgreSQL casts on the way. */
  readonly assigned?: readonly (ColumnFacts | undefined)[];
}

export interface PrintedQuery extends SeenRows {
  readonly sql: string;
}
