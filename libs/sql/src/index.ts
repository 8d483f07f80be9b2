export type { Volatility } from './known-functions.ts';
export type { SqlFault } from './pg-parser.ts';
export type { Expression, LockKey, SessionEffect, Value } from './session-effect.ts';
export { pinReasons, SessionState, type Bound, type Completion, type PinReason } from './session-state.ts';
export {
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
