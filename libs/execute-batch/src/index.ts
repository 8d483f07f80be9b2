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
