export type { MayTouch } from './access.ts';
export {
  authorPolicies,
  decodeAuthor,
  decodeAuthorPolicy,
  standardAuthorPolicy,
  type Author,
  type AuthorPolicy,
  type AuthorPolicyRecord,
} from './authors/author-records.ts';
export {
  authorPolicyOf,
  authorsContract,
  registrationOf,
  revocationOf,
  type AuthorChange,
} from './authors/author-registry.ts';
export {
  authorRegistryRejects,
  authorRejects,
  type AuthorReject,
  type AuthorRejectDescription,
} from './authors/author-rejects.ts';
export { canonicalKey, isSignatureOf } from './authors/public-key.ts';
export { decodeRegistry, type Registry } from './authors/read-registry.ts';
export {
  isAuthorId,
  isSalt,
  isSignature,
  isSignedBy,
  type SignatureOfMessage,
  type SignedBy,
} from './authors/signed-by.ts';
export { messageDigest, signedStatement, type AuthoredMessage, type SignedFields } from './authors/signed-statement.ts';
export { batchChaincode, type BatchChaincodeOptions } from './batch-chaincode.ts';
export { defaultBudgetLimits, entriesOf, type BudgetLimits, type Scaled } from './budget.ts';
export { canonicalJson } from './canonical-json.ts';
export {
  Reject,
  type Budget,
  type Contract,
  type JsonObject,
  type JsonValue,
  type Operation,
  type OperationResult,
  type OwnKeysState,
  type State,
  type StateEntry,
} from './contract.ts';
export { decodeCounterSummary, type CounterSummary } from './counter-summary.ts';
export { executeBatchErrors } from './errors.ts';
export { compactionOf, pruneKeysMax, pruneOf, type HousekeepingOperation } from './housekeeping.ts';
export { closeItem, decodeItem, operationItem, probeItem, type BatchItem, type Close, type Probe } from './item.ts';
export { packKeys, unpackKeys } from './mode-letters.ts';
export { decodeOperation, decodeOperationHeader, encodeOperation, type OperationHeader } from './operation-codec.ts';
export { decodeRecord, encodeRecord, type OperationRecord } from './operation-record.ts';
export { decodeResults, encodeResults } from './results-codec.ts';
export { parseStateValue, stateValue } from './state-value.ts';
