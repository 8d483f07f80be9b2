export {
  operationsPerRecord,
  type AcceptedOperation,
  type Routing,
  type SequencedOperation,
} from './accepted-operation.ts';
export { analyzedCodec, edgeTypes, type Analysis, type AnalyzedRun, type EdgeType } from './analysis.ts';
export { asyncApi, type JsonDocument } from './async-api.ts';
export {
  blockReportCodec,
  reportBlock,
  reportedKeysMax,
  type BlockReport,
  type ReportedRead,
  type ReportedTransaction,
} from './block-report.ts';
export { decodeIntake, intakeHeaders, type DecodedIntake, type IntakeEvent } from './cloud-event.ts';
export { decodeDeadLetter, encodeDeadLetter, type DeadLetter } from './dead-letter.ts';
export {
  deliverRuns,
  joinSubscriptions,
  type Clock,
  type Delivery,
  type Redelivery,
  type RunSource,
} from './deliver-runs.ts';
export { contractError, contractErrors } from './errors.ts';
export { copiedExactly, exactJson, parseExactJson } from './exact-json.ts';
export { PacedCommit, type PacedCommitOptions } from './paced-commit.ts';
export type { EventLog, LogRecord, LogRun, NewRecord, StartPosition, Subscribe, Subscription } from './event-log.ts';
export { mintId, operationId, sourceHash, type OperationName } from './identity.ts';
export type {
  BodySealer,
  IntakeContext,
  IntakeContract,
  IntakeMessage,
  PatientAlias,
  PatientHandle,
  PatientIdentifier,
  Refusal,
  RefusalIssue,
  TranslatedOperation,
  Translation,
} from './intake-contract.ts';
export type { JsonCodec } from './json-codec.ts';
export { KeyedHash } from './keyed-hash.ts';
export { messages, type MessageDescription, type MessageName } from './messages.ts';
export { operationClasses, type OperationClass } from './operation-class.ts';
export {
  countOperations,
  decodeOperations,
  encodeOperationBytes,
  encodeOperations,
  operationBytesMax,
  operationsRecordBytes,
  type RoutedBytes,
} from './operations-record.ts';
export { checkRecord, recordSize } from './record-size.ts';
export { outcomesCodec, type OperationOutcome, type TransactionOutcomes } from './outcome.ts';
export { newestProgress, progressCodec, progressKey, type Progress } from './progress.ts';
export {
  isChaincodeName,
  perTransactionContract,
  readCallFacts,
  sealedAnswerOf,
  type CallFacts,
  type SealedAnswer,
} from './call.ts';
export {
  receiptCodec,
  receiptItemStates,
  type Receipt,
  type ReceiptDelay,
  type ReceiptItem,
  type ReceiptItemState,
} from './receipt.ts';
export {
  decodeRefusedMessage,
  encodeRefusedMessage,
  type IntakeRecordPlace,
  type RefusedMessage,
} from './refused-message.ts';
export type { ObservedPool, PoolState } from './pool.ts';
export type { OperationStatus, SettledPlace, SettledQuery, StatusStore } from './status-store.ts';
export {
  deadLetterWindowMs,
  dedupeWindowMs,
  recordBytesMax,
  retentionOf,
  topicDescription,
  topicTable,
  type Retention,
  type TopicDescription,
} from './topic-table.ts';
export { topics, type Topic } from './topics.ts';
