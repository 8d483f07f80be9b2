export { canonicalJson } from './canonical-json.ts';
export {
  Reject,
  type Budget,
  type Contract,
  type JsonObject,
  type JsonValue,
  type Operation,
  type OperationResult,
  type State,
} from './contract.ts';
export { executeBatchErrors } from './errors.ts';
export {
  closeItem,
  decodeItem,
  operationItem,
  probeItem,
  pruneItem,
  pruneKeysMax,
  type BatchItem,
  type Close,
  type Probe,
  type Prune,
} from './item.ts';
export { packKeys, unpackKeys } from './mode-letters.ts';
export { decodeOperation, decodeOperationHeader, encodeOperation, type OperationHeader } from './operation-codec.ts';
export { decodeResults, encodeResults } from './results-codec.ts';
export { parseStateValue, stateValue } from './state-value.ts';
