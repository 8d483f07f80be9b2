import type { PageSize } from '@medrex/sql-driver';

/** Rows read at once: enough to amortize the round trip to Java, few enough to hold in memory for each session. */
export const standardPage: PageSize = { rowsMax: 2_000, bytesMax: 256 * 1024 };

export function pageOf(rowsMax: number): PageSize {
  return rowsMax === 0 ? standardPage : { ...standardPage, rowsMax: Math.min(rowsMax, standardPage.rowsMax) };
}

/** Run when a process is taken into use, as it keeps the isolation level that its last user set. */
export const isolationSql = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';
