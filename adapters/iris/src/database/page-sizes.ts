import type { PageSize } from '@medrex/sql-driver';

/** What is read of a result at once: enough to make the way to Java cheap, little enough to lie in memory for each session. */
export const standardPage: PageSize = { rowsMax: 2_000, bytesMax: 256 * 1024 };

export function pageOf(rowsMax: number): PageSize {
  return rowsMax === 0 ? standardPage : { ...standardPage, rowsMax: Math.min(rowsMax, standardPage.rowsMax) };
}

/** What every process of IRIS is brought to: whatever was set before stays with it, whoever uses it next. */
export const isolationSql = 'SET TRANSACTION ISOLATION LEVEL READ COMMITTED';
