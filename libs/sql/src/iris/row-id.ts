import type { Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { identifier } from './names.ts';
import type { Printing } from './printing.ts';

/** Internal function name: the %ID of a row, by the alias of its table. */
export const rowId = 'iris_row_id';

export function printRowId(_p: Printing, [table]: readonly Node[]): string {
  return `${identifier(namesOf(bodyOf(table, 'ColumnRef')?.fields).join())}.%ID`;
}
