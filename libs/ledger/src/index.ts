export {
  cutBlock,
  defaultBlockCutterLimits,
  emptyBatch,
  type BlockCutterLimits,
  type CutDecision,
  type PendingBatch,
} from './block-cutter.ts';
export type { Chaincode, ChaincodeResponse, ChaincodeStub } from './chaincode.ts';
export {
  compareEndorsements,
  isRefusal,
  type EndorsementDifference,
  type EndorserAnswer,
} from './compare-endorsements.ts';
export { envelopeSize } from './envelope-size.ts';
export { EndorsementRefused, EndorsementsDiffer, ledgerErrors } from './errors.ts';
export type {
  Block,
  BlockStream,
  BlockSubscription,
  CalledSet,
  CommittedTransaction,
  Endorsement,
  FoundTransaction,
  KeyRead,
  KeyWrite,
  Ledger,
  MetadataEntry,
  MetadataWrite,
  Proposal,
  RangeRead,
  ReadWriteSet,
  Version,
} from './ledger.ts';
export { isLifecycleKey, lifecycleKey, lifecycleNamespace, namespaceOf } from './lifecycle.ts';
export { BlockFeed } from './model/block-feed.ts';
export { loadCommittedState } from './model/committed-state.ts';
export { defineChaincodes } from './model/definitions.ts';
export { noFaults, type Chance, type ModelFaults } from './model/model-faults.ts';
export { networkLatencies, noLatencies, type ModelLatencies } from './model/model-latencies.ts';
export { ModelLedger, type ForeignWrite } from './model/model-ledger.ts';
export { modelSettings, type ModelOptions, type ModelSettings } from './model/model-options.ts';
export type { CommittedBlock, ModelStore } from './model/model-store.ts';
export type { Scheduler } from './model/scheduler.ts';
export type { RangePage } from './range-recording.ts';
export { RecordingStub } from './recording-stub.ts';
export { seededRandom } from './model/seeded-random.ts';
export { simulate, type Simulation } from './simulate.ts';
export { hashState } from './state-hash.ts';
export { StateUpdates, type KeyUpdate } from './state-updates.ts';
export { packArguments, transientArguments, unpackArguments } from './transient-arguments.ts';
export type { StateEntry, StateView, VersionedValue } from './state-view.ts';
export { TransactionRecording } from './transaction-recording.ts';
export {
  validateBlock,
  setsOf,
  type BlockValidation,
  type CommittedState,
  type NamespaceSet,
  type OrderedTransaction,
} from './validate-block.ts';
export { validationCodes, type ValidationCode } from './validation-code.ts';
export { sameVersion, versionText } from './version.ts';
