import type { StateKey } from '@medrex/keys';

/** What a chaincode sees of its ledger while one transaction is simulated. Reads see committed state only, never the transaction's own writes. */
export interface ChaincodeStub {
  readonly txId: string;
  readonly channel: string;
  /** The submitting client's identity (MSP id), as Fabric's getCreator. */
  readonly creator: string;
  /** Whether that client is an administrator of its organisation, by its certificate; a model takes the proposal's word. */
  readonly isAdministrator: boolean;
  getState(key: StateKey): Promise<Uint8Array | undefined>;
  /** Several reads in one call (Fabric 3.1's GET_STATE_MULTIPLE); the answers stand in the order of the keys. */
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

/** A deterministic program over the state. `version` changes with an upgrade and is part of every read set as the `_lifecycle` read. */
export interface Chaincode {
  readonly name: string;
  readonly version: string;
  invoke(stub: ChaincodeStub, fn: string, args: readonly Uint8Array[]): Promise<ChaincodeResponse>;
}
