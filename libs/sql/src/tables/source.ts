import type { Cell, CellType } from './cell.ts';

export interface SourceColumn {
  readonly name: string;
  readonly type: CellType;
}

/** Bounds on a column that a query reads; a source may omit rows outside of them. */
export interface Bounds {
  readonly min?: Cell;
  readonly max?: Cell;
}

export type ColumnBounds = ReadonlyMap<string, Bounds>;

/** A table that computes its rows on demand. */
export interface TableSource {
  readonly columns: readonly SourceColumn[];
  rows(wanted: ColumnBounds): readonly (readonly Cell[])[];
}

/** Facts about the session. */
export interface SessionFacts {
  readonly user: string;
  readonly database: string;
  readonly version: string;
  /** The OID of a relation; undefined: it does not exist. */
  oidOf(name: string): number | undefined;
  /** Undefined: there is no such setting. */
  setting(name: string): string | undefined;
}

export interface Tables {
  /** Finds a table; without a schema by the search path. */
  find(schema: string | undefined, name: string): TableSource | undefined;
  readonly session: SessionFacts;
}
