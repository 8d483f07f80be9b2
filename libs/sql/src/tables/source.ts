import type { Cell, CellType } from './cell.ts';

export interface SourceColumn {
  readonly name: string;
  readonly type: CellType;
}

/** What a query will look at of a column: what is outside may be left out, and need not be. */
export interface Bounds {
  readonly min?: Cell;
  readonly max?: Cell;
}

export type Wanted = ReadonlyMap<string, Bounds>;

/** A table whose rows are made when they are asked for. */
export interface TableSource {
  readonly columns: readonly SourceColumn[];
  rows(wanted: Wanted): readonly (readonly Cell[])[];
}

/** What a session tells of itself. */
export interface SessionFacts {
  readonly user: string;
  readonly database: string;
  readonly version: string;
  /** The number of a relation; undefined: there is none of that name. */
  oidOf(name: string): number | undefined;
  /** Undefined: there is no such setting. */
  setting(name: string): string | undefined;
}

export interface Tables {
  /** Without a schema, those that a search path would find. */
  find(schema: string | undefined, name: string): TableSource | undefined;
  readonly session: SessionFacts;
}
