export {
  operationsPerRecord,
  type AcceptedOperation,
  type Routing,
  type SequencedOperation,
} from './accepted-operation.ts';
export { edgeTypes, type Analysis, type EdgeType } from './analysis.ts';
export type { EventLog, LogRecord, LogRun, NewRecord, StartPosition, Subscribe, Subscription } from './event-log.ts';
export type {
  BodySealer,
  IntakeContext,
  IntakeContract,
  IntakeMessage,
  PatientHandle,
  PatientIdentifier,
  Refusal,
  RefusalIssue,
  TranslatedOperation,
  Translation,
} from './intake-contract.ts';
export { operationClasses, type OperationClass } from './operation-class.ts';
export type { OperationOutcome, TransactionOutcomes } from './outcome.ts';
export type { Progress } from './progress.ts';
export type { OperationStatus, StatusStore } from './status-store.ts';
export { topics, type Topic } from './topics.ts';
