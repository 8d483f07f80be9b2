import type { ColumnRef, Node, SelectStmt, WindowDef } from 'libpg-query';
import { bodyOf, lastNameOf } from '../ast.ts';
import type { ColumnFacts } from './catalog.ts';
import type { MadeText } from './made-text.ts';
import type { NumericScale } from './quotient.ts';
import type { PgType } from './pg-type.ts';
import { refuse } from './refusal.ts';

/** What is known of a column that a query sees. */
export interface SeenColumn {
  readonly name: string;
  /** As the client sees it, where another column has that name already. */
  readonly label?: string;
  readonly type: PgType | undefined;
  readonly isNullable: boolean;
  /** Compares as it is stored: no %EXACT is needed. */
  readonly isExact: boolean;
  /** NULL or a string constant, which takes the type of whatever it meets. */
  readonly isOpen?: boolean;
  /** Digits behind the point of a numeric, where they are certain. */
  readonly scale?: NumericScale | undefined;
  readonly facts?: ColumnFacts;
  /** Of a cast: length of text, precision and scale of numeric. */
  readonly modifiers?: readonly number[];
  /** What the proxy makes of its text. */
  readonly made?: MadeText;
  /** An interval between two moments, whose days are of 24 hours. */
  readonly isDifference?: boolean;
}

/** Columns by whose values there is one row at most; NULL is a value here. */
export type RowKey = readonly string[];

/** What is known of the rows of a table or a query. Without columns nothing is, and they may have any. */
export interface SeenRows {
  readonly columns: readonly SeenColumn[] | undefined;
  readonly keys?: readonly RowKey[];
  /** A table of IRIS, and no view: its rows have a %ID. */
  readonly hasRowId?: boolean;
}

const byName = new WeakMap<readonly SeenColumn[], ReadonlyMap<string, SeenColumn>>();

/** The first column of a name, whose case does not matter to IRIS. Tables may have hundreds, and each is asked for several times. */
export function columnNamed({ columns }: SeenRows, name: string): SeenColumn | undefined {
  if (columns === undefined) return undefined;
  const known = byName.get(columns);
  if (known !== undefined) return known.get(name) ?? known.get(name.toLowerCase());
  const named = new Map<string, SeenColumn>();
  for (const column of columns) if (!named.has(column.name)) named.set(column.name, column);
  for (const column of columns) {
    const folded = column.name.toLowerCase();
    if (!named.has(folded)) named.set(folded, column);
  }
  byName.set(columns, named);
  return named.get(name) ?? named.get(name.toLowerCase());
}

/** What WITH has named. */
export interface NamedRows extends SeenRows {
  /** Where no WITH can be sent: what stands in FROM instead of the name. */
  readonly writtenOut?: string;
  readonly select?: SelectStmt;
}

/** One thing in FROM. */
export interface SeenTable extends SeenRows {
  readonly alias: string;
  /** The outer side of an outer join: its columns may be NULL. */
  readonly isOuter: boolean;
  /** What its columns are where no table has them, but every row before it gives them. */
  readonly computed?: ReadonlyMap<string, string>;
}

/** A column that JOIN ... USING makes of one of each side. */
export interface MergedColumn {
  readonly sql: string;
  readonly column: SeenColumn;
  /** Of the tables that it stands for; those come no more with `*`. */
  readonly aliases: readonly string[];
}

/** The tables a query sees, with those of the queries around it. */
export class Scope {
  readonly tables: SeenTable[] = [];
  readonly merged = new Map<string, MergedColumn>();
  readonly #outer: Scope | undefined;
  /** What WITH has named. */
  readonly named = new Map<string, NamedRows>();
  /** What WINDOW has named. */
  readonly windows = new Map<string, WindowDef>();
  /** What GROUP BY makes one row of each of. */
  groups: readonly Node[] | undefined;
  /** Where queries inside read a column of it. */
  readonly readInside = new Set<number>();
  /** How many aggregates have been printed, and how many calls with OVER. */
  aggregates = 0;
  windowCalls = 0;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** Undefined: not known, whether it is there at all. */
  column(reference: ColumnRef): SeenColumn | undefined {
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

  /** Tells the query around whose column this is that it is read here. */
  noteRead(reference: ColumnRef, reader: Scope = this): void {
    const { fields = [], location = -1 } = reference;
    if (this.isOwn(reference)) {
      if (reader !== this && location >= 0) this.readInside.add(location);
    } else if (fields.length > 1 || this.isKnown) this.#outer?.noteRead(reference, reader); // or nobody knows whose it is
  }

  /** Whether a bare name stands for a whole row of a table, and for no column. */
  isRow(reference: ColumnRef): boolean {
    const [field, ...more] = reference.fields ?? [];
    const name = bodyOf(field, 'String')?.sval ?? '';
    const isHere = this.tables.some(({ alias }) => alias === name);
    return more.length === 0 && isHere && this.isKnown && !this.hasColumn(name);
  }

  /** What USING has made of a bare name, here or in the queries around; a table in between hides it. */
  mergedOf(reference: ColumnRef): MergedColumn | undefined {
    const [field, ...more] = reference.fields ?? [];
    const name = bodyOf(field, 'String')?.sval;
    if (name === undefined || more.length > 0) return undefined;
    const own = this.merged.get(name);
    if (own !== undefined) return own;
    return this.hasColumn(name) || !this.isKnown ? undefined : this.#outer?.mergedOf(reference);
  }

  /** What a column is where it is made of each row; undefined for those of tables. @throws Refusal inside a query */
  computedOf(reference: ColumnRef): string | undefined {
    const name = lastNameOf(reference.fields) ?? '';
    if (this.isOwn(reference)) return this.ownerOf(reference)?.computed?.get(name);
    return this.#outer?.computedOf(reference) === undefined
      ? undefined
      : refuse('a column of LATERAL in a query inside', reference.location);
  }

  /** A column by the table that has it, however it is called; undefined where that is not certain. */
  placeOf(reference: ColumnRef): string | undefined {
    const owner = this.ownerOf(reference);
    return owner === undefined ? undefined : JSON.stringify([owner.alias, lastNameOf(reference.fields)]);
  }

  /** The table here that has a column; undefined where that is not certain. */
  ownerOf({ fields = [] }: ColumnRef): SeenTable | undefined {
    const words = fields.map((field) => bodyOf(field, 'String')?.sval);
    const [name, alias] = [words.at(-1), words.at(-2)];
    if (name === undefined || words.length > 2 || (alias === undefined && this.merged.has(name))) return undefined;
    const tables = this.tables.filter((table) => alias === undefined || table.alias === alias);
    const owners = tables.filter((table) => columnNamed(table, name) !== undefined);
    const isCertain = owners.length === 1 && (alias !== undefined || this.isKnown);
    return isCertain ? owners[0] : undefined;
  }

  /** Whether a column may be of this query, and not only of one around. */
  isOwn({ fields = [] }: ColumnRef): boolean {
    const words = fields.map((field) => bodyOf(field, 'String')?.sval);
    const [name, alias] = [words.at(-1), words.at(-2)];
    if (name === undefined) return true;
    if (alias === undefined) return this.merged.has(name) || this.hasColumn(name);
    return this.tables.some((table) => table.alias === alias);
  }

  /** Whether everything this query itself sees is known. */
  get isKnown(): boolean {
    return this.tables.every(({ columns }) => columns !== undefined);
  }

  /** Whether a table is called so, here or in the queries around. */
  hasTable(alias: string): boolean {
    return this.tables.some((table) => table.alias === alias) || this.#outer?.hasTable(alias) === true;
  }

  /** Whether a bare name may be a column of one table here or of another. */
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

export function seenColumn(facts: ColumnFacts): SeenColumn {
  const isExact = facts.collation === 'exact';
  const scale = facts.type === 'numeric' ? facts.modifiers?.[1] : undefined;
  return { name: facts.name, type: facts.type, isNullable: facts.isNullable, isExact, scale, facts };
}
