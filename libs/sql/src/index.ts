export { booleanOf } from './boolean-text.ts';
export { codeFacts, type CodeFacts } from './code-facts.ts';
export { stateLeavingFunctions, sessionFunctions, volatilityOf, type Volatility } from './known-functions.ts';
export { withPrivateUseCharacters } from './other-encodings.ts';
export { millisecondsOf, timeText } from './time-text.ts';
export { allSessions, type Redefinition } from './redefinition.ts';
export type { SqlFault } from './pg-parser.ts';
export type { Expression, LockKey, SessionEffect, Value } from './session-effect.ts';
export {
  queryableStates,
  isRoleSetting,
  SessionState,
  type Bound,
  type Completion,
  type ServerState,
  type QueryableState,
  type PinReason,
} from './session-state.ts';
export {
  inlineBytesMax,
  SqlAnalyser,
  type AnalyserCounts,
  type AnalyserLimits,
  type Analysis,
  type ByteRange,
} from './sql-analyser.ts';
export { isIrisPassthrough, readComment, type SqlComment } from './sql-comment.ts';
export { workloadClasses } from './statement.ts';
export type { RelationName, Statement, StatementFeatures, StatementKind, WorkloadClass } from './statement.ts';
export type { TransactionControl, TransactionVerb } from './transaction-control.ts';
export { emptyCatalog, type ColumnFacts, type SqlCatalog, type TableFacts } from './iris/catalog.ts';
export type { CopyOptions } from './iris/copy-options.ts';
export { intervalValue, type IntervalValue } from './iris/interval-text.ts';
export { irisVersions, isKnownIris, type IrisFeature } from './iris/dialect.ts';
export { defaultPath, searchPathOf, type SearchPath } from './iris/search-path.ts';
export { irisSql, type IrisParameter, type IrisPiece, type IrisText, type ParameterUse } from './iris/fragment.ts';
export type { Hazard } from './iris/guards.ts';
export { IrisTranslator, type TranslatorOptions } from './iris/iris-translator.ts';
export { levelsMax } from './iris/recursion.ts';
export { isQuotient, isRounded, scaleDigits, withDigits, type NumericScale } from './iris/quotient.ts';
export {
  ageBetween,
  joinedText,
  sumOfSpans,
  textOfValues,
  type JsonStep,
  type ProxyComputation,
} from './iris/proxy-computation.ts';
export type { Translatable } from './iris/translatable.ts';
export { schemaMap, type SchemaMap } from './iris/names.ts';
export type { PgType } from './iris/pg-type.ts';
export { sqlstateOf } from './iris/sqlcode.ts';
export { positionOfUnknown } from './iris/unknown-name.ts';
export type { AskedSetting, AskedSettings } from './iris/asked-settings.ts';
export type { SqlCommand } from './iris/sql-commands.ts';
export type { IrisStep, IrisTranslation, ResultColumn, Translation } from './iris/translation.ts';
export { catalogTables, oidOfTable } from './tables/catalog-tables.ts';
export { cellBytes, cellText, cellTypes, type Cell, type CellType } from './tables/cell.ts';
export type { Bounds, SessionFacts, SourceColumn, Tables, TableSource, ColumnBounds } from './tables/source.ts';
export {
  readTableStatements,
  type Answer,
  type BoundValue,
  type TableQuery,
  type TableStatement,
} from './tables/table-statements.ts';
