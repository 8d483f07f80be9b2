import { cellBytes, cellText, cellTypes, type SourceColumn, type Cell } from '@medrex/sql';
import { dataRow, errorResponse, rowDescription } from '@medrex/pg-wire';
import type { Failure } from './commands.ts';

/** A format for each column, one for all, or none for text. */
export type Formats = readonly number[];

export function formatAt(formats: Formats, index: number): number {
  return (formats.length === 1 ? formats[0] : formats[index]) ?? 0;
}

export function columnsOf(columns: readonly SourceColumn[], formats: Formats = []): Buffer {
  return rowDescription(
    columns.map(({ name, type }, index) => ({
      name,
      table: 0,
      attribute: 0,
      type: cellTypes[type].oid,
      typeSize: cellTypes[type].size,
      typeModifier: -1,
      format: formatAt(formats, index),
    })),
  );
}

export function rowOf(row: readonly Cell[], columns: readonly SourceColumn[], formats: Formats): Buffer {
  return dataRow(
    columns.map(({ type }, index) => {
      const value = row[index] ?? null;
      if (value === null) return null;
      return formatAt(formats, index) === 1 ? cellBytes(value, type) : Buffer.from(cellText(value, type), 'utf8');
    }),
  );
}

export function failureMessage({ sqlstate, message, hint, position }: Failure): Buffer {
  return errorResponse({
    severity: 'ERROR',
    sqlstate,
    message,
    ...(hint !== undefined && { hint }),
    ...(position !== undefined && { position: String(position) }),
  });
}
