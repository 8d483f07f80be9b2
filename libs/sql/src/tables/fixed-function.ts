import type { Cell, CellType } from './cell.ts';
import type { Run } from './compiled.ts';

export type Value = Exclude<Cell, null>;

/** A strict function with fixed argument types. */
export interface FixedFunction {
  readonly takes: readonly CellType[];
  readonly gives: CellType;
  readonly of: (values: readonly Value[], run: Run) => Cell;
}

/** Overloads by function name; the first one that accepts the arguments is used. */
export type FixedFunctions = Readonly<Record<string, readonly FixedFunction[]>>;

/** Overloads with the same implementation. */
export function overloaded(
  takes: readonly (readonly CellType[])[],
  gives: CellType,
  of: FixedFunction['of'],
): FixedFunction[] {
  return takes.map((types) => ({ takes: types, gives, of }));
}
