import type { SqlValue } from './sql-value.ts';

/** Opens connections to one database server; hides its protocol. */
export interface SqlDriver {
  /** @throws SqlFailure */
  open(login: SqlLogin): Promise<SqlConnection>;
}

export interface SqlLogin {
  readonly user: string;
  readonly password: string;
  /** Called once if the connection ends other than by `close`. */
  readonly lost: () => void;
}

/** A session at the server. Calls must not overlap, except `cancel` and `close`. */
export interface SqlConnection {
  /** Id of the server process of this session. */
  readonly processId: string;
  /** Describes the result and parameters of a statement without running it. @throws SqlFailure */
  describe(sql: string): Promise<SqlDescription>;
  /** @throws SqlFailure */
  run(sql: string, parameters: readonly SqlValue[], page: PageSize): Promise<SqlAnswer>;
  /** Runs a statement for each list of parameters and returns the total of rows changed. @throws SqlFailure */
  runMany(sql: string, batch: readonly (readonly SqlValue[])[]): Promise<number>;
  /** Begins a transaction; it ends with `commit` or `rollback`. @throws SqlFailure */
  begin(modes: TransactionModes): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Cancels the running statement by another connection; no effect if none runs. @throws SqlFailure */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

export interface TransactionModes {
  readonly isolation: 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable';
  readonly isReadOnly: boolean;
}

/** Limits of a page, which ends with the row that reaches either. Later rows stay at the server. */
export interface PageSize {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

export interface SqlDescription {
  /** Undefined: the statement returns no rows. */
  readonly columns: readonly SqlColumn[] | undefined;
  /** Types of the parameters; undefined if the server does not report them. */
  readonly parameters: readonly (SqlType | undefined)[];
}

/** A type by its JDBC or ODBC type code. */
export interface SqlType {
  readonly code: number;
  readonly name: string;
}

export interface SqlColumn extends SqlType {
  readonly label: string;
  readonly precision: number;
  readonly scale: number;
}

export type SqlAnswer =
  | { readonly kind: 'count'; readonly rows: number }
  | {
      readonly kind: 'rows';
      readonly columns: readonly SqlColumn[];
      readonly first: SqlPage;
      readonly cursor: SqlCursor;
    };

/** Cells as UTF-8 text; those of binary columns as raw bytes. */
export type SqlRow = readonly (Uint8Array | null)[];

export interface SqlPage {
  readonly rows: readonly SqlRow[];
  readonly isLast: boolean;
}

/** The rest of a result, still at the server. Reading the last page closes it. */
export interface SqlCursor {
  next(page: PageSize): Promise<SqlPage>;
  close(): Promise<void>;
}
