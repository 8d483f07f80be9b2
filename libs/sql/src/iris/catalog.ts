import type { RelationName } from '../statement.ts';
import type { PgType } from './pg-type.ts';

/** Facts about a column in IRIS. */
export interface ColumnFacts {
  readonly name: string;
  readonly type: PgType;
  readonly isNullable: boolean;
  /** Declared length of text, or precision and scale of numeric. */
  readonly modifiers?: readonly number[];
  /** EXACT compares as PostgreSQL does; SQLUPPER, the default of IRIS, ignores case and trailing spaces. */
  readonly collation?: 'exact' | 'sqlupper';
  /** IRIS generates its values. */
  readonly isIdentity?: boolean;
  /** Dimensions of a vector. */
  readonly dimensions?: number;
  readonly vectorElement?: 'DOUBLE' | 'FLOAT' | 'DECIMAL';
  /** Its vectors are normalised, so ordering by L2 and by cosine distance is the same. */
  readonly isNormalised?: boolean;
}

export interface TableFacts {
  readonly columns: readonly ColumnFacts[];
  /** Column names of each primary and unique key. */
  readonly uniqueKeys: readonly (readonly string[])[];
  /** Its rows have a %ID. */
  readonly hasRowId?: boolean;
  /** The table references itself by a foreign key, and no other table references it. */
  readonly isReferencedByItselfOnly?: boolean;
}

/**
 * The tables as far as a translator knows them. For an unknown table the translation stays correct but slower: possible texts are compared
 * by %EXACT, and what depends on types is refused.
 */
export interface SqlCatalog {
  table(relation: RelationName): TableFacts | undefined;
  /** The table of an index. */
  tableOfIndex(index: RelationName): RelationName | undefined;
  isEnum(type: string): boolean;
}

export const emptyCatalog: SqlCatalog = {
  table: () => undefined,
  tableOfIndex: () => undefined,
  isEnum: () => false,
};
