import type { SqlAnswer, SqlCursor, SqlRow } from '@medrex/sql-driver';
import type { OutColumn } from '../values/row-writer.ts';
import type { BoundParameter } from '../values/parameter-values.ts';
import type { Plan } from './plan.ts';

/** A statement as a Parse left it. */
export interface Prepared {
  readonly text: string;
  /** Undefined: there is no statement in the text. */
  readonly plan: Plan | undefined;
  /** OIDs as the client declared them; zero where it did not. */
  readonly declaredTypes: readonly number[];
}

/** A statement with its parameters, and what has been read of its rows. */
export interface Portal {
  readonly prepared: Prepared;
  readonly parameters: readonly BoundParameter[];
  readonly resultFormats: readonly number[];
  /** Undefined: it has not been executed, or its rows are `ready`. */
  rows?: PortalRows | undefined;
  /** Rows that are here whole: of the catalog, or of a cursor that outlives its transaction. */
  ready?: ReadyRows | undefined;
  /** It was declared by SQL; FETCH asks for its rows. */
  readonly cursor?: { readonly isHeld: boolean };
  /** It is a cursor that outlives transactions: the one that made it has been committed. */
  isKept?: boolean;
  /** What an EXECUTE runs. */
  inner?: Portal;
  /** It has come to its end. */
  isDone?: boolean;
}

/** Rows as messages. */
export interface ReadyRows {
  readonly description: Buffer | undefined;
  readonly rows: readonly Buffer[];
  from: number;
  readonly tag: (rows: number) => string;
}

/** Rows that go out as they are asked for. */
export interface PortalRows {
  readonly columns: readonly OutColumn[];
  /** Read and not sent. */
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
