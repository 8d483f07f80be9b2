import type { Cell, CellType } from './cell.ts';
import type { Run } from './compiled.ts';

export type Value = Exclude<Cell, null>;

/** A function of fixed argument types, NULL where one of them is. */
export interface FixedFunction {
  readonly takes: readonly CellType[];
  readonly gives: CellType;
  readonly of: (values: readonly Value[], run: Run) => Cell;
}

/** By name; of several, the first that can take what is there. */
export type FixedFunctions = Readonly<Record<string, readonly FixedFunction[]>>;

/** The same for several numbers of arguments. */
export function overloaded(
  takes: readonly (readonly CellType[])[],
  gives: CellType,
  of: FixedFunction['of'],
): FixedFunction[] {
  return takes.map((types) => ({ takes: types, gives, of }));
}
