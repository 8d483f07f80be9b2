import type { Redefinition } from './redefinition.ts';
import type { SessionEffect } from './session-effect.ts';
import type { TransactionControl } from './transaction-control.ts';
import type { Volatility } from './known-functions.ts';

/** The workload classes of FR-005. */
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

/** A table, view or sequence as named in a statement; without a schema, search_path applies. */
export interface RelationName {
  readonly schema?: string;
  readonly name: string;
}

/** The facts of a statement that do not depend on its literals and parameters. */
export interface Statement {
  readonly kind: StatementKind;
  /** Its command tag without counts; EXECUTE completes with the tag of the executed statement. */
  readonly command: string;
  readonly transaction?: TransactionControl;
  readonly effects: readonly SessionEffect[];
  /** The cursor that it declares, fetches from or moves. */
  readonly cursor?: string;
  /** Whose new sessions begin with other settings after it. */
  readonly redefines?: Redefinition;
  /** It may advance sequences without naming them: by a column default, or in an unknown function. */
  readonly mayAdvanceSequences: boolean;
  /** PostgreSQL refuses it in a transaction block and in a simple query of several statements. */
  readonly isOutsideBlocksOnly: boolean;
  readonly reads: readonly RelationName[];
  readonly writes: readonly RelationName[];
  /** FOR UPDATE, FOR SHARE. */
  readonly locksRows: boolean;
  /** It changes nothing, locks no row, and calls no function that may. */
  readonly isReadOnly: boolean;
  /** It reads only pg_catalog and information_schema. */
  readonly readsCatalogOnly: boolean;
  /** Names of the functions that it calls, qualified if their schema is given and not pg_catalog. */
  readonly calls: readonly string[];
  /** The highest volatility of the functions called. */
  readonly volatility: Volatility;
  readonly workload: WorkloadClass;
  readonly features: StatementFeatures;
  readonly fingerprint: string;
  /** The text without comments and with parameters in place of literals: safe to log. */
  readonly normalised: string;
  /** The highest parameter number `$n`. */
  readonly parametersMax: number;
}

/** Features that decide the automatic workload class. */
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
