import type { Cell, CellType, SourceColumn } from '@medrex/sql';

/** Rows with the columns of the first one; without rows, the columns are still known. */
export interface Table {
  readonly columns: readonly SourceColumn[];
  readonly rows: readonly (readonly Cell[])[];
}

type Value = Cell | undefined;
type Reader<R> = (row: R) => Value;
interface TypedReader<R> {
  readonly type: CellType;
  readonly read: Reader<R>;
}

/** A column of integers. */
export const int8 = <R>(read: (row: R) => number | undefined): TypedReader<R> => ({ type: 'int8', read });
/** An integer that PgBouncer returns in four bytes. */
export const int4 = <R>(read: (row: R) => number | undefined): TypedReader<R> => ({ type: 'int4', read });
export const float8 = <R>(read: (row: R) => number | undefined): TypedReader<R> => ({ type: 'float8', read });
/** Milliseconds since 1970. */
export const timestamptz = <R>(read: (row: R) => number | undefined): TypedReader<R> => ({ type: 'timestamptz', read });
export const bool = <R>(read: (row: R) => boolean): TypedReader<R> => ({ type: 'bool', read });

/** A reader without a type returns text. */
export function tableOf<R>(rows: readonly R[], columns: Readonly<Record<string, Reader<R> | TypedReader<R>>>): Table {
  const readers = Object.values(columns).map((column): TypedReader<R> => {
    if (typeof column !== 'function') return column;
    return { type: 'text', read: (row) => textOf(column(row)) };
  });
  return {
    columns: Object.keys(columns).map((name, index) => ({ name, type: readers[index]?.type ?? 'text' })),
    rows: rows.map((row) => readers.map(({ read }) => read(row) ?? null)),
  };
}

/** Adds a row; columns that it lacks are 0, false or empty. */
export function withRow({ columns, rows }: Table, row: Readonly<Record<string, Cell>>): Table {
  const cell = ({ name, type }: SourceColumn): Cell =>
    row[name] ?? (type === 'text' ? null : type === 'bool' ? false : 0);
  return { columns, rows: [...rows, columns.map(cell)] };
}

/** Sorts rows by their first columns, which are names. */
export function byName({ columns, rows }: Table, names = 1): Table {
  const nameOf = (row: readonly Cell[]): string => JSON.stringify(row.slice(0, names));
  return { columns, rows: [...rows].sort((one, other) => (nameOf(one) < nameOf(other) ? -1 : 1)) };
}

const textOf = (value: Value): Cell => (value === undefined || value === null ? null : String(value));
