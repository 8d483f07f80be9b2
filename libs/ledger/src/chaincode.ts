import type { StateKey } from '@medrex/keys';

/**
 * The ledger as a chaincode sees it during the simulation of one transaction. Reads see committed state only, never the
 * transaction's own writes.
 */
export interface ChaincodeStub {
  readonly txId: string;
  readonly channel: string;
  /** MSP id of the submitting client, as from Fabric's getCreator. */
  readonly creator: string;
  /**
   * Whether that client is an administrator of its organisation, according to its certificate; a model trusts the
   * proposal.
   */
  readonly isAdministrator: boolean;
  getState(key: StateKey): Promise<Uint8Array | undefined>;
  /** Several reads in one call (Fabric 3.1's GET_STATE_MULTIPLE); results are in the order of the keys. */
  getStates(keys: readonly StateKey[]): Promise<readonly (Uint8Array | undefined)[]>;
  putState(key: StateKey, value: Uint8Array): void;
  deleteState(key: StateKey): void;
  /** Keys from `start` (inclusive) to `end` (exclusive) in code-point order; recorded as a range query, phantoms included. */
  getStateByRange(start: string, end: string): AsyncIterable<{ readonly key: StateKey; readonly value: Uint8Array }>;
  setEvent(name: string, payload: Uint8Array): void;
}

export interface ChaincodeResponse {
  /** 200 is success; from 400 on the endorser refuses, as in Fabric. */
  readonly status: number;
  readonly message: string;
  readonly payload: Uint8Array;
}

/**
 * A deterministic program on the state. `version` changes with an upgrade and is in every read set as the read of
 * `_lifecycle`.
 */
export interface Chaincode {
  readonly name: string;
  readonly version: string;
  invoke(stub: ChaincodeStub, fn: string, args: readonly Uint8Array[]): Promise<ChaincodeResponse>;
}
