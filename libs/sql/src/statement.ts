import type { Redefinition } from './redefinition.ts';
import type { SessionEffect } from './session-effect.ts';
import type { TransactionControl } from './transaction-control.ts';
import type { Volatility } from './known-functions.ts';

/** As FR-005 names them. */
export const workloadClasses = ['interactive', 'vector', 'analytical', 'bulk', 'admin'] as const;
export type WorkloadClass = (typeof workloadClasses)[number];

export type StatementKind =
  | 'select'
  | 'insert'
  | 'update'
  | 'delete'
  | 'merge'
  | 'copyIn'
  | 'copyOut'
  | 'transaction'
  | 'session'
  | 'cursor'
  | 'prepared'
  | 'explain'
  | 'schema'
  | 'utility';

/** A table, view or sequence as the statement names it; without a schema, search_path decides. */
export interface RelationName {
  readonly schema?: string;
  readonly name: string;
}

/** What the text of one statement tells, whatever its literals and parameters are. */
export interface Statement {
  readonly kind: StatementKind;
  /** The words that its CommandComplete begins with; EXECUTE answers with those of the statement that it runs. */
  readonly command: string;
  readonly transaction?: TransactionControl;
  readonly effects: readonly SessionEffect[];
  /** The cursor that it declares, fetches from or moves. */
  readonly cursor?: string;
  /** Whose sessions begin otherwise after it. */
  readonly redefines?: Redefinition;
  /** Without naming them: by the default of a column, or in a function that nobody knows. */
  readonly mayAdvanceSequences: boolean;
  /** PostgreSQL refuses it inside a transaction block, and in a simple query of several statements. */
  readonly isOutsideBlocksOnly: boolean;
  readonly reads: readonly RelationName[];
  readonly writes: readonly RelationName[];
  /** FOR UPDATE, FOR SHARE. */
  readonly locksRows: boolean;
  /** Nothing is changed, no row is locked, and no function is called that may do so. */
  readonly isReadOnly: boolean;
  /** Reads pg_catalog and information_schema, and nothing else. */
  readonly readsCatalogOnly: boolean;
  /** Functions that it calls itself, by name; with their schema where that is neither left out nor pg_catalog. */
  readonly calls: readonly string[];
  /** The worst of the functions called. */
  readonly volatility: Volatility;
  readonly workload: WorkloadClass;
  readonly features: StatementFeatures;
  readonly fingerprint: string;
  /** The text with a parameter for each literal, without comments: safe to log. */
  readonly normalised: string;
  /** The highest `$n`. */
  readonly parametersMax: number;
}

/** What the automatic class is made of. */
export interface StatementFeatures {
  readonly joins: number;
  readonly subqueries: number;
  readonly hasAggregate: boolean;
  readonly hasGrouping: boolean;
  readonly hasWindow: boolean;
  readonly hasRecursion: boolean;
  readonly hasVector: boolean;
  readonly hasFilter: boolean;
  readonly hasLimit: boolean;
  readonly rowsOfValues: number;
}
