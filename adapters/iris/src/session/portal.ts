import type { SqlAnswer, SqlCursor, SqlRow } from '@medrex/sql-driver';
import type { OutColumn } from '../values/row-writer.ts';
import type { BoundParameter } from '../values/parameter-values.ts';
import type { Plan } from './plan.ts';

/** A prepared statement. */
export interface Prepared {
  readonly text: string;
  /** Undefined: the text is empty. */
  readonly plan: Plan | undefined;
  /** OIDs declared by the client; 0: unspecified. */
  readonly declaredTypes: readonly number[];
}

/** A bound statement, and the state of its execution. */
export interface Portal {
  readonly prepared: Prepared;
  readonly parameters: readonly BoundParameter[];
  readonly resultFormats: readonly number[];
  /** Undefined: not executed yet, or its rows are in `ready`. */
  rows?: PortalRows | undefined;
  /** All rows in memory: of the catalogue, or of a cursor WITH HOLD. */
  ready?: ReadyRows | undefined;
  /** Set for a cursor declared by SQL. */
  readonly cursor?: { readonly isHeld: boolean };
  /** A cursor WITH HOLD whose transaction was committed. */
  isKept?: boolean;
  /** The portal of the statement that an EXECUTE runs. */
  inner?: Portal;
  /** It has run to completion. */
  isDone?: boolean;
}

/** Rows as DataRow messages. */
export interface ReadyRows {
  readonly description: Buffer | undefined;
  readonly rows: readonly Buffer[];
  from: number;
  readonly tag: (rows: number) => string;
}

/** Rows read from a cursor of the driver. */
export interface PortalRows {
  readonly columns: readonly OutColumn[];
  /** Rows read but not sent. */
  waiting: readonly SqlRow[];
  from: number;
  isLast: boolean;
  readonly cursor: SqlCursor;
  readonly tag: (rows: number) => string;
}

export function portalRows(
  answer: Extract<SqlAnswer, { kind: 'rows' }>,
  columns: readonly OutColumn[],
  tag: (rows: number) => string,
): PortalRows {
  const { first, cursor } = answer;
  return { columns, waiting: first.rows, from: 0, isLast: first.isLast, cursor, tag };
}
