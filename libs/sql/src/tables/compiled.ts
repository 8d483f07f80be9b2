import type { Cell, CellType } from './cell.ts';
import { Refusal } from '../iris/refusal.ts';

export type Row = readonly Cell[];

/** The context of one execution of a query. */
export interface Run {
  readonly nowMs: number;
  /** Always the same array object within one execution, in subqueries too. */
  readonly parameters: readonly Cell[];
  /** Rows of the outer queries of a subquery, the nearest first. */
  readonly outerRows?: readonly Row[];
}

/** A compiled expression. */
export interface Compiled {
  /** `unknown`: a quoted literal or parameter, whose type is inferred from its context. */
  readonly type: CellType | 'unknown';
  /** Set for NULL, a literal or a parameter. */
  readonly unknown?: { readonly literal: string | null } | { readonly parameter: number };
  /** Set for an array element: arrays are texts here, so the type of the element is inferred from the other operand. */
  readonly isElement?: boolean;
  /** Set if it is the same for all rows of an execution. */
  readonly isConstant?: boolean;
  /** It is a numeric in PostgreSQL: rounds halves away from zero, and sums are exact in decimals. */
  readonly isDecimal?: boolean;
  readonly evaluate: (row: Row, run: Run) => Cell;
}

export interface Typed extends Compiled {
  readonly type: CellType;
}

/** A fragment for object spreads that passes on `isDecimal`. */
export const decimal = (isDecimal: boolean | undefined): { readonly isDecimal?: true } =>
  isDecimal === true ? { isDecimal } : {};

/** Whether the result of combining these numbers is decimal: none of them is a float. */
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
