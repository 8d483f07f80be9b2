import type { Node } from 'libpg-query';
import { bodyOf, namesOf } from '../ast.ts';
import { identifier } from './names.ts';
import type { Printing } from './printing.ts';

/** A made call: the %ID of a row, by the name of its table in FROM. */
export const rowId = 'iris_row_id';

export function printRowId(_p: Printing, [table]: readonly Node[]): string {
  return `${identifier(namesOf(bodyOf(table, 'ColumnRef')?.fields).join())}.%ID`;
}
