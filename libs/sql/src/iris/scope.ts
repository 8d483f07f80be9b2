import type { ColumnRef, Node, SelectStmt, WindowDef } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';
import type { ColumnFacts } from './catalog.ts';
import type { ProxyComputation } from './proxy-computation.ts';
import type { NumericScale } from './quotient.ts';
import type { PgType } from './pg-type.ts';
import { refuse } from './refusal.ts';

/** A column that is visible to a query. */
export interface VisibleColumn {
  readonly name: string;
  /** The name for the client, if it differs because of duplicates. */
  readonly label?: string;
  readonly type: PgType | undefined;
  readonly isNullable: boolean;
  /** Compares by stored value, so that no %EXACT is needed. */
  readonly isExact: boolean;
  /** An untyped NULL or string constant. */
  readonly isOpen?: boolean;
  /** The scale of a numeric, if it is certain. */
  readonly scale?: NumericScale | undefined;
  readonly facts?: ColumnFacts;
  /** Type modifiers of a cast: length of text, precision and scale of numeric. */
  readonly modifiers?: readonly number[];
  /** How the proxy computes it from the text of IRIS. */
  readonly computation?: ProxyComputation;
  /** An interval that is the difference of timestamps, with days of 24 hours. */
  readonly isDifference?: boolean;
}

/** Columns that identify a row; NULLs count as equal. */
export type RowKey = readonly string[];

/** The rows of a table or query. Without `columns` these are unknown. */
export interface VisibleRows {
  readonly columns: readonly VisibleColumn[] | undefined;
  readonly keys?: readonly RowKey[];
  /** It is a table, not a view, so its rows have a %ID. */
  readonly hasRowId?: boolean;
}

const byName = new WeakMap<readonly VisibleColumn[], ReadonlyMap<string, VisibleColumn>>();

/** Finds the first column of a name, case-insensitively. Indexed, as tables may have hundreds of columns. */
export function columnNamed({ columns }: VisibleRows, name: string): VisibleColumn | undefined {
  if (columns === undefined) return undefined;
  const known = byName.get(columns);
  if (known !== undefined) return known.get(name) ?? known.get(name.toLowerCase());
  const named = new Map<string, VisibleColumn>();
  for (const column of columns) if (!named.has(column.name)) named.set(column.name, column);
  for (const column of columns) {
    const folded = column.name.toLowerCase();
    if (!named.has(folded)) named.set(folded, column);
  }
  byName.set(columns, named);
  return named.get(name) ?? named.get(name.toLowerCase());
}

/** A WITH query. */
export interface NamedRows extends VisibleRows {
  /** On versions without WITH: the query to use in FROM. */
  readonly writtenOut?: string;
  readonly select?: SelectStmt;
}

/** An item of FROM. */
export interface VisibleTable extends VisibleRows {
  readonly alias: string;
  /** The outer side of an outer join: its columns may be NULL. */
  readonly isOuter: boolean;
  /** Expressions of columns that are computed from preceding tables (LATERAL). */
  readonly computed?: ReadonlyMap<string, string>;
}

/** A column merged by JOIN ... USING. */
export interface MergedColumn {
  readonly sql: string;
  readonly column: VisibleColumn;
  /** Aliases of the merged tables, whose columns are omitted from `*`. */
  readonly aliases: readonly string[];
}

/** The tables visible to a query, with the scopes of outer queries. */
export class Scope {
  readonly tables: VisibleTable[] = [];
  readonly merged = new Map<string, MergedColumn>();
  readonly #outer: Scope | undefined;
  /** WITH queries by name. */
  readonly named = new Map<string, NamedRows>();
  /** Named windows of the WINDOW clause. */
  readonly windows = new Map<string, WindowDef>();
  /** The expressions of GROUP BY. */
  groups: readonly Node[] | undefined;
  /** Locations where subqueries read a column of this query. */
  readonly readInside = new Set<number>();
  /** Number of printed aggregates and window functions. */
  aggregates = 0;
  windowCalls = 0;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** Finds a column; undefined: unknown. */
  column(reference: ColumnRef): VisibleColumn | undefined {
    const name = lastNameOf(reference.fields);
    const alias = bodyOf(reference.fields?.at(-2), 'String')?.sval;
    if (name === undefined) return undefined;
    const own = alias === undefined ? this.merged.get(name) : undefined;
    if (own !== undefined) return own.column;
    for (const table of this.tables) {
      if (alias !== undefined && table.alias !== alias) continue;
      const column = columnNamed(table, name);
      if (column !== undefined) return table.isOuter ? { ...column, isNullable: true } : column;
      if (table.columns === undefined && alias === undefined && this.tables.length > 1) return undefined;
    }
    return this.#outer?.column(reference);
  }

  /** Records in the query that owns the column that a subquery reads it. */
  noteRead(reference: ColumnRef, reader: Scope = this): void {
    const { fields = [], location = -1 } = reference;
    if (this.isOwn(reference)) {
      if (reader !== this && location >= 0) this.readInside.add(location);
    } else if (fields.length > 1 || this.isKnown) this.#outer?.noteRead(reference, reader); // otherwise its owner is unknown
  }

  /** Whether an unqualified name is a whole row of a table rather than a column. */
  isRow(reference: ColumnRef): boolean {
    const [field, ...more] = reference.fields ?? [];
    const name = bodyOf(field, 'String')?.sval ?? '';
    const isHere = this.tables.some(({ alias }) => alias === name);
    return more.length === 0 && isHere && this.isKnown && !this.hasColumn(name);
  }

  /** The merged column of an unqualified name, in this or an outer query; a table in between hides it. */
  mergedOf(reference: ColumnRef): MergedColumn | undefined {
    const [field, ...more] = reference.fields ?? [];
    const name = bodyOf(field, 'String')?.sval;
    if (name === undefined || more.length > 0) return undefined;
    const own = this.merged.get(name);
    if (own !== undefined) return own;
    return this.hasColumn(name) || !this.isKnown ? undefined : this.#outer?.mergedOf(reference);
  }

  /** The expression of a computed column; undefined for table columns. @throws Refusal in a subquery */
  computedOf(reference: ColumnRef): string | undefined {
    const name = lastNameOf(reference.fields) ?? '';
    if (this.isOwn(reference)) return this.ownerOf(reference)?.computed?.get(name);
    return this.#outer?.computedOf(reference) === undefined
      ? undefined
      : refuse('a column of LATERAL in a query inside', reference.location);
  }

  /** A canonical identity of a column (table and name); undefined if not certain. */
  placeOf(reference: ColumnRef): string | undefined {
    const owner = this.ownerOf(reference);
    return owner === undefined ? undefined : JSON.stringify([owner.alias, lastNameOf(reference.fields)]);
  }

  /** The table of this query that has the column; undefined if not certain. */
  ownerOf({ fields = [] }: ColumnRef): VisibleTable | undefined {
    const words = fields.map((field) => bodyOf(field, 'String')?.sval);
    const [name, alias] = [words.at(-1), words.at(-2)];
    if (name === undefined || words.length > 2 || (alias === undefined && this.merged.has(name))) return undefined;
    const tables = this.tables.filter((table) => alias === undefined || table.alias === alias);
    const owners = tables.filter((table) => columnNamed(table, name) !== undefined);
    const isCertain = owners.length === 1 && (alias !== undefined || this.isKnown);
    return isCertain ? owners[0] : undefined;
  }

  /** Whether a column may belong to this query, not only to an outer one. */
  isOwn({ fields = [] }: ColumnRef): boolean {
    const words = fields.map((field) => bodyOf(field, 'String')?.sval);
    const [name, alias] = [words.at(-1), words.at(-2)];
    if (name === undefined) return true;
    if (alias === undefined) return this.merged.has(name) || this.hasColumn(name);
    return this.tables.some((table) => table.alias === alias);
  }

  /** Whether all tables of this query are known. */
  get isKnown(): boolean {
    return this.tables.every(({ columns }) => columns !== undefined);
  }

  /** Whether this or an outer query has a table with this alias. */
  hasTable(alias: string): boolean {
    return this.tables.some((table) => table.alias === alias) || this.#outer?.hasTable(alias) === true;
  }

  /** Whether an unqualified name may be a column of several tables. */
  isAmbiguous(name: string): boolean {
    const owners = this.tables.filter((table) => columnNamed(table, name) !== undefined);
    return owners.length > 1 && !this.merged.has(name);
  }

  hasColumn(name: string): boolean {
    return this.tables.some((table) => columnNamed(table, name) !== undefined);
  }

  withNamed(name: string): NamedRows | undefined {
    return this.named.get(name) ?? this.#outer?.withNamed(name);
  }
}

export function visibleColumn(facts: ColumnFacts): VisibleColumn {
  const isExact = facts.collation === 'exact';
  const scale = facts.type === 'numeric' ? facts.modifiers?.[1] : undefined;
  return { name: facts.name, type: facts.type, isNullable: facts.isNullable, isExact, scale, facts };
}
