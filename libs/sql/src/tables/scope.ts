import type { ColumnRef, Node } from 'libpg-query';
import { namesOf } from '../ast.ts';
import type { CellType } from './cell.ts';
import { fail } from './compiled.ts';

export interface ScopeColumn {
  readonly relation: string;
  readonly name: string;
  readonly type: CellType;
  readonly isDecimal?: boolean;
  /** The second of two columns merged by USING: only found when qualified. */
  readonly isMerged?: boolean;
}

/** The outer scope of a subquery. */
export class OuterScope {
  readonly scope: Scope;
  /** The subquery refers to it: it is correlated. */
  isReferenced = false;

  constructor(scope: Scope) {
    this.scope = scope;
  }
}

/** A resolved column; depth 0 is the query itself. */
export interface Resolved {
  readonly depth: number;
  readonly index: number;
  readonly column: ScopeColumn;
}

/** The columns that expressions can name, in the order of the rows. */
export class Scope {
  readonly columns: readonly ScopeColumn[];
  readonly #outer: OuterScope | undefined;

  constructor(columns: readonly ScopeColumn[], outer?: OuterScope) {
    this.columns = columns;
    this.#outer = outer;
  }

  /** Resolves a column in the nearest scope. @throws Refusal 42703, 42702, 42P01 */
  resolve(reference: ColumnRef): Resolved {
    const outer = this.#outer;
    if (outer !== undefined && !this.#has(reference)) {
      const { depth, ...found } = outer.scope.resolve(reference);
      outer.isReferenced = true;
      return { ...found, depth: depth + 1 };
    }
    const index = this.indexOf(reference);
    return { depth: 0, index, column: this.columns[index] as ScopeColumn };
  }

  #has({ fields }: ColumnRef): boolean {
    const names = namesOf(fields);
    const relation = names.at(-2);
    return this.columns.some((column) =>
      relation === undefined ? matches(column, names.at(-1) ?? '', undefined) : column.relation === relation,
    );
  }

  /** The index of a column; -1: it belongs to an outer query. @throws Refusal 42703, 42702, 42P01 */
  indexOf(reference: ColumnRef): number {
    if (this.#outer !== undefined && !this.#has(reference)) return -1;
    return this.#indexOf(reference);
  }

  #indexOf({ fields, location }: ColumnRef): number {
    const names = namesOf(fields);
    const name = names.at(-1) ?? '';
    const relation = names.at(-2);
    const found = this.columns.flatMap((column, index) => (matches(column, name, relation) ? [index] : []));
    const written = names.join('.');
    if (relation !== undefined && !this.columns.some((column) => column.relation === relation))
      fail('42P01', `missing FROM-clause entry for table "${relation}"`, location);
    if (found.length > 1) fail('42702', `column reference "${name}" is ambiguous`, location);
    return (
      found[0] ?? fail('42703', `column ${relation === undefined ? `"${name}"` : written} does not exist`, location)
    );
  }

  /** The number of leading columns that an expression may read; all if it has a subquery. */
  widthOf(node: Node): number {
    let width = 0;
    const visit = (part: unknown): void => {
      if (typeof part !== 'object' || part === null) return;
      const { SubLink: query, ColumnRef: column } = part as Partial<Record<'SubLink' | 'ColumnRef', ColumnRef>>;
      if (query !== undefined) width = this.columns.length;
      else if (column !== undefined) width = Math.max(width, this.indexOf(column) + 1);
      else Object.values(part).forEach(visit);
    };
    visit(node);
    return width;
  }

  /** The indexes of the columns of `*` or `relation.*`. @throws Refusal 42P01 */
  star(relation: string | undefined, location: number | undefined): number[] {
    const found = this.columns.flatMap((column, index) =>
      (relation === undefined ? column.isMerged !== true : column.relation === relation) ? [index] : [],
    );
    if (found.length === 0 && relation !== undefined)
      fail('42P01', `missing FROM-clause entry for table "${relation}"`, location);
    return found;
  }
}

function matches(column: ScopeColumn, name: string, relation: string | undefined): boolean {
  if (column.name !== name) return false;
  return relation === undefined ? column.isMerged !== true : column.relation === relation;
}
