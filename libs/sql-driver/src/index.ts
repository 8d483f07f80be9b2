export type {
  PageSize,
  SqlAnswer,
  SqlColumn,
  SqlConnection,
  SqlCursor,
  SqlDescription,
  SqlDriver,
  SqlLogin,
  SqlPage,
  SqlRow,
  SqlType,
  TransactionModes,
} from './sql-driver.ts';
export { SqlFailure, type SqlFailureOptions } from './sql-failure.ts';
export type { SqlValue } from './sql-value.ts';
