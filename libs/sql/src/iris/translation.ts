import type { SqlFault } from '../pg-parser.ts';
import type { AskedSettings } from './asked-settings.ts';
import type { CopyOptions } from './copy-options.ts';
import type { RelationName } from '../statement.ts';
import type { IrisText } from './fragment.ts';
import type { Hazard } from './guards.ts';
import type { ProxyComputation } from './proxy-computation.ts';
import type { NumericScale } from './quotient.ts';
import type { PgType } from './pg-type.ts';
import type { SqlCommand } from './sql-commands.ts';

/** A result column for a PostgreSQL client. */
export interface ResultColumn {
  readonly label: string;
  /** Undefined: take it from the result of IRIS. */
  readonly type: PgType | undefined;
  /** The scale of a numeric, if it is certain. */
  readonly scale?: NumericScale | undefined;
  /** Declared type modifiers: length of text, precision and scale of numeric. */
  readonly modifiers?: readonly number[] | undefined;
  /** How the proxy computes it from the text of IRIS. */
  readonly computation?: ProxyComputation | undefined;
  /** It contains schema names, which must be translated back. */
  readonly holdsSchema: boolean;
}

export interface IrisStep extends IrisText {
  /** Its rows are the statement's result; of other steps only the row counts are added. */
  readonly isResult: boolean;
  /**
   * A condition on earlier steps: `afterChange` runs only if the last step changed rows, `afterNone` only if it changed none. `ofRowsRead`
   * must change or find as many rows as were read or kept; `ofNoRows` must find none. Otherwise the statement fails.
   */
  readonly only?: 'afterChange' | 'afterNone' | 'ofRowsRead' | 'ofNoRows';
  /** Its rows are kept for later steps, with these columns. */
  readonly kept?: readonly ResultColumn[];
  /** It is run for each kept row; consecutive such steps are run together per row. */
  readonly isForEach?: boolean;
  /** It fails at once if another session holds the lock. */
  readonly isNowait?: boolean;
}

/** The translation of a statement to IRIS. */
export interface IrisTranslation {
  readonly kind: 'iris';
  /** Several steps must be run in a transaction. Without steps, the statement succeeds without effect. */
  readonly steps: readonly IrisStep[];
  /** Undefined: no rows, or columns known to IRIS only, whose labels are lower-cased. */
  readonly columns: readonly ResultColumn[] | undefined;
  /** Defects of this version that may make the result wrong; reported as notices. */
  readonly hazards: readonly Hazard[];
  /**
   * What an SQLSTATE of IRIS means here, if it is certain: an invalid cast of text ends in a division by zero (22012), and for an argument
   * outside of a function's domain (22023), PostgreSQL's SQLSTATE depends on the function.
   */
  readonly meanings: ReadonlyMap<string, string>;
  /**
   * Parameters that the translation depends on. Until their values are known it is based on samples, and valid for Describe only.
   */
  readonly constants: readonly number[];
  /** Types inferred for parameters that the client did not declare. */
  readonly parameterTypes: ReadonlyMap<number, PgType>;
  /** Array parameters, by element type. */
  readonly arrayTypes: ReadonlyMap<number, PgType>;
  /** The highest parameter number. */
  readonly highest: number;
  /** Errors for parameters without a type, unless the client declares it. */
  readonly untyped: readonly { readonly number: number; readonly fault: SqlFault }[];
  /** What is to be said where it has parameters and nothing binds them. */
  readonly unbound?: SqlFault;
}

export type Translation =
  | IrisTranslation
  /**
   * Answered by the proxy: statements on settings; SET TRANSACTION with its modes, and a SELECT of set_config with its columns.
   */
  | {
      readonly kind: 'local';
      readonly modes?: { readonly isReadOnly: boolean | undefined };
      readonly asked?: AskedSettings;
    }
  /** Answered by the proxy: prepared statements and cursors. */
  | { readonly kind: 'command'; readonly command: SqlCommand }
  /** COPY FROM STDIN: each row is bound to these parameters. */
  | {
      readonly kind: 'copyIn';
      readonly relation: RelationName;
      readonly insert: IrisText;
      readonly columns: readonly string[];
      readonly options: CopyOptions;
    }
  /** COPY ... TO STDOUT of the rows of this translation. */
  | {
      readonly kind: 'copyOut';
      readonly query: IrisTranslation;
      readonly options: CopyOptions;
    }
  /** The result of EXPLAIN (TRANSLATE). */
  | { readonly kind: 'answer'; readonly column: string; readonly rows: readonly string[] }
  | { readonly kind: 'refused'; readonly fault: SqlFault };
