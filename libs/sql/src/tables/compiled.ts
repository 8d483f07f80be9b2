import type { Cell, CellType } from './cell.ts';
import { Refusal } from '../iris/refusal.ts';

export type Row = readonly Cell[];

/** What a run of a query knows besides its rows. */
export interface Run {
  readonly nowMs: number;
  /** Those of one run are one list, also where rows around a subquery are added. */
  readonly parameters: readonly Cell[];
  /** The rows around a subquery, the nearest first. */
  readonly around?: readonly Row[];
}

/** An expression, ready to be worked out for any row. */
export interface Compiled {
  /** `unknown`: a literal in quotes or a parameter, which takes the type that its place asks for. */
  readonly type: CellType | 'unknown';
  /** Set where it is NULL, a literal or a parameter. */
  readonly unknown?: { readonly literal: string | null } | { readonly parameter: number };
  /** Set for an element of an array: arrays are texts here, and what they hold takes the type of what it stands beside. */
  readonly isElement?: boolean;
  /** Set where it is the same for every row of a run. */
  readonly isConstant?: boolean;
  /** PostgreSQL has it as numeric: it rounds halves away from zero, and sums are as they are written. */
  readonly isDecimal?: boolean;
  readonly of: (row: Row, run: Run) => Cell;
}

export interface Typed extends Compiled {
  readonly type: CellType;
}

/** What passes on whether a number is decimal. */
export const decimal = (isDecimal: boolean | undefined): { readonly isDecimal?: true } =>
  isDecimal === true ? { isDecimal } : {};

/** Of several that become one: decimal where none of them is a float. */
export const areDecimal = (all: readonly { readonly type: string; readonly isDecimal?: boolean }[]): boolean =>
  all.some(({ isDecimal }) => isDecimal === true) &&
  all.every(({ type, isDecimal }) => isDecimal === true || type !== 'float8');

export function fail(sqlstate: string, message: string, location?: number, hint?: string): never {
  throw new Refusal(message, { sqlstate, location, ...(hint !== undefined && { hint }) });
}

export const supported =
  'Tables of pg-proxy answer SELECT with joins, WHERE, GROUP BY, HAVING, ORDER BY, LIMIT and OFFSET, the common aggregates and functions; no cursors and no COPY.';

export function notSupported(what: string, location?: number): never {
  fail('0A000', `${what} is not supported on tables of pg-proxy`, location, supported);
}
