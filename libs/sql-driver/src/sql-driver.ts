import type { SqlValue } from './sql-value.ts';

/** Opens connections to one database server; everything that is particular to its wire lies behind it. */
export interface SqlDriver {
  /** @throws SqlFailure */
  open(login: SqlLogin): Promise<SqlConnection>;
}

export interface SqlLogin {
  readonly user: string;
  readonly password: string;
  /** Called once when the connection is gone without having been closed. */
  readonly lost: () => void;
}

/** One session of a server. One call at a time, `cancel` and `close` apart. */
export interface SqlConnection {
  /** Of the process that serves it at the server. */
  readonly processId: string;
  /** What a statement will answer, without running it. @throws SqlFailure */
  describe(sql: string): Promise<SqlDescription>;
  /** @throws SqlFailure */
  run(sql: string, parameters: readonly SqlValue[], page: PageSize): Promise<SqlAnswer>;
  /** The same statement for each list of parameters; the rows that were changed altogether. @throws SqlFailure */
  runMany(sql: string, batch: readonly (readonly SqlValue[])[]): Promise<number>;
  /** From here on nothing is kept until `commit`. @throws SqlFailure */
  begin(modes: TransactionModes): Promise<void>;
  commit(): Promise<void>;
  rollback(): Promise<void>;
  /** Asks the server, on another connection, to end what this one runs. Nothing happens when it runs nothing. @throws SqlFailure */
  cancel(): Promise<void>;
  close(): Promise<void>;
}

export interface TransactionModes {
  readonly isolation: 'read uncommitted' | 'read committed' | 'repeatable read' | 'serializable';
  readonly isReadOnly: boolean;
}

/** A page ends with the first row that reaches one of both: what a reader has not asked for lies at the server. */
export interface PageSize {
  readonly rowsMax: number;
  readonly bytesMax: number;
}

export interface SqlDescription {
  /** Undefined: no rows. */
  readonly columns: readonly SqlColumn[] | undefined;
  /** Types of the parameters; undefined where the server does not tell. */
  readonly parameters: readonly (SqlType | undefined)[];
}

/** Types as JDBC and ODBC number them. */
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

/** Each cell as UTF-8 of its text, and binary columns as they are. */
export type SqlRow = readonly (Uint8Array | null)[];

export interface SqlPage {
  readonly rows: readonly SqlRow[];
  readonly isLast: boolean;
}

/** Rows that are still at the server. The last page closes it. */
export interface SqlCursor {
  next(page: PageSize): Promise<SqlPage>;
  close(): Promise<void>;
}
