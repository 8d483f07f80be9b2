import type { RelationName } from '../statement.ts';
import type { PgType } from './pg-type.ts';

/** What is known of a column in IRIS. */
export interface ColumnFacts {
  readonly name: string;
  readonly type: PgType;
  readonly isNullable: boolean;
  /** Length of text, precision and scale of numeric, where they are declared. */
  readonly modifiers?: readonly number[];
  /** EXACT compares as PostgreSQL does; SQLUPPER, the default of IRIS, folds case and strips blanks at the end. */
  readonly collation?: 'exact' | 'sqlupper';
  /** Its values are given by IRIS. */
  readonly isIdentity?: boolean;
  /** Of a vector. */
  readonly dimensions?: number;
  readonly vectorElement?: 'DOUBLE' | 'FLOAT' | 'DECIMAL';
  /** A unit vector, for which the orders by L2 and by cosine are one. */
  readonly isNormalised?: boolean;
}

export interface TableFacts {
  readonly columns: readonly ColumnFacts[];
  /** Each primary and unique key, by column names. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Its rows have a %ID. */
  readonly hasRowId?: boolean;
  /** A foreign key leads from the table to itself, and none from elsewhere leads to it. */
  readonly isReferencedByItselfOnly?: boolean;
}

/**
 * What a translator may know of the tables. Where it knows nothing of one it stays right and gets slower: text that may
 * be compared is taken as stored (%EXACT), and what cannot be right without types is refused.
 */
export interface SqlCatalog {
  table(relation: RelationName): TableFacts | undefined;
  /** The table that an index belongs to. */
  tableOfIndex(index: RelationName): RelationName | undefined;
  isEnum(type: string): boolean;
}

export const emptyCatalog: SqlCatalog = {
  table: () => undefined,
  tableOfIndex: () => undefined,
  isEnum: () => false,
};
