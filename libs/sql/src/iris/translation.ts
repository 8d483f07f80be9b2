import type { SqlFault } from '../pg-parser.ts';
import type { AskedSettings } from './asked-settings.ts';
import type { CopyOptions } from './copy-options.ts';
import type { RelationName } from '../statement.ts';
import type { IrisText } from './fragment.ts';
import type { Hazard } from './guards.ts';
import type { MadeText } from './made-text.ts';
import type { NumericScale } from './quotient.ts';
import type { PgType } from './pg-type.ts';
import type { SqlCommand } from './sql-commands.ts';

/** A column as a PostgreSQL client expects it. */
export interface ResultColumn {
  readonly label: string;
  /** Undefined where only the result of IRIS tells. */
  readonly type: PgType | undefined;
  /** Digits behind the point of a numeric, where they are certain. */
  readonly scale?: NumericScale | undefined;
  /** As its column is declared: length of text, precision and scale of numeric. */
  readonly modifiers?: readonly number[] | undefined;
  /** What the proxy makes of its text. */
  readonly made?: MadeText | undefined;
  /** It holds names of schemas, which are to be translated back. */
  readonly holdsSchema: boolean;
}

export interface IrisStep extends IrisText {
  /** Its rows are those of the statement; of the others only their counts are added up. */
  readonly isResult: boolean;
  /**
   * By what the steps before it came to: where the last one changed no rows there are none of `afterChange`, and else
   * `afterNone` is not run. `ofRowsRead` has to change, or to find, as many rows as have been read, or kept;
   * `ofNoRows` has to find none.
   */
  readonly only?: 'afterChange' | 'afterNone' | 'ofRowsRead' | 'ofNoRows';
  /** Its rows are kept for the steps behind it; they have these columns. */
  readonly kept?: readonly ResultColumn[];
  /** It is run for each of the rows kept, those that follow each other one after the other. */
  readonly isForEach?: boolean;
  /** A lock that somebody else holds ends it at once. */
  readonly isNowait?: boolean;
}

/** What is asked of IRIS in place of a statement. */
export interface IrisTranslation {
  readonly kind: 'iris';
  /** Several have to be done all or none. None at all: there is nothing to do, and it has succeeded. */
  readonly steps: readonly IrisStep[];
  /** Undefined: no rows, or rows of columns that only IRIS knows; their labels in lower case then. */
  readonly columns: readonly ResultColumn[] | undefined;
  /** Defects of this version that may make the answer wrong; to be told as notices. */
  readonly hazards: readonly Hazard[];
  /**
   * What an SQLSTATE of IRIS means here, where that is certain: a text that is cast to what it is not ends in a division by
   * zero (22012), and of a value that a function does not take (22023) PostgreSQL says which function it was.
   */
  readonly meanings: ReadonlyMap<string, string>;
  /**
   * Parameters that it depends on: until their values are told, others stand in their places, and it only says what its rows
   * look like.
   */
  readonly constants: readonly number[];
  /** Types of parameters that the client left open, as far as their places tell. */
  readonly parameterTypes: ReadonlyMap<number, PgType>;
  /** Those that are arrays, by the types of their members. */
  readonly arrayTypes: ReadonlyMap<number, PgType>;
  /** The highest n of `$n` in it. */
  readonly highest: number;
  /** What is to be said of parameters whose types nothing tells, if the client does not. */
  readonly untold: readonly { readonly number: number; readonly fault: SqlFault }[];
}

export type Translation =
  | IrisTranslation
  /**
   * Answered by the proxy: session parameters and their relatives; SET TRANSACTION with what it asks of the one that is open, and
   * a SELECT that sets some with the columns that it shows.
   */
  | {
      readonly kind: 'local';
      readonly modes?: { readonly isReadOnly: boolean | undefined };
      readonly asked?: AskedSettings;
    }
  /** The same, of what is prepared and of cursors. */
  | { readonly kind: 'command'; readonly command: SqlCommand }
  /** The rows that follow as COPY are bound to these parameters, one call each. */
  | {
      readonly kind: 'copyIn';
      readonly relation: RelationName;
      readonly insert: IrisText;
      readonly columns: readonly string[];
      readonly options: CopyOptions;
    }
  /** COPY ... TO STDOUT: the rows of this. */
  | {
      readonly kind: 'copyOut';
      readonly query: IrisTranslation;
      readonly options: CopyOptions;
    }
  /** EXPLAIN (TRANSLATE) of a statement. */
  | { readonly kind: 'answer'; readonly column: string; readonly rows: readonly string[] }
  | { readonly kind: 'refused'; readonly fault: SqlFault };
