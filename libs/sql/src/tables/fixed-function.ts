import type { Cell, CellType } from './cell.ts';
import type { Run } from './compiled.ts';

export type Value = Exclude<Cell, null>;

/** A strict function with fixed argument types. */
export interface FixedFunction {
  readonly parameterTypes: readonly CellType[];
  readonly resultType: CellType;
  readonly apply: (values: readonly Value[], run: Run) => Cell;
}

/** Overloads by function name; the first one that accepts the arguments is used. */
export type FixedFunctions = Readonly<Record<string, readonly FixedFunction[]>>;

/** Overloads with the same implementation. */
export function overloaded(
  signatures: readonly (readonly CellType[])[],
  resultType: CellType,
  apply: FixedFunction['apply'],
): FixedFunction[] {
  return signatures.map((parameterTypes) => ({ parameterTypes, resultType, apply }));
}
