import type { DeclaredKey, StateKey } from '@medrex/keys';
import type { SignedBy } from './authors/signed-by.ts';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonObject = { readonly [name: string]: JsonValue };

/** One operation as its contract sees it. Nothing in it identifies a person: identifiers stay at ingest. */
export interface Operation {
  readonly opId: string;
  /** Keyed hash of the source bytes: tells a repeat from another message under the same name. */
  readonly sourceHash: string;
  /** The contract that applies it: 'clinical', 'asset-transfer', ... */
  readonly contract: string;
  /** Version of the key template that declared `keys`. */
  readonly templateVersion: number;
  readonly keys: readonly DeclaredKey[];
  /** When the sender says it happened or, without that, when ingest took it in; ISO 8601, UTC. The only clock a contract has. */
  readonly time: string;
  /** The coded fields that the contract decides on: status, codes, quantities, times; never free text. The contract owns their shape. */
  readonly facts: JsonObject;
  /** Sealed bodies, opaque to everything but the key holder; `facts` refer to them by position. Base64 text as bytes, so that a state value can carry them as they are. */
  readonly bodies: readonly Uint8Array[];
  /** The claimed author of its message. Absent: it is vouched for by ingest only. */
  readonly author?: SignedBy;
}

/**
 * The state as one operation sees it: its own writes and those of earlier operations of the same Fabric transaction included.
 * Values are shared, not copied: bytes that were got or put must not be changed any more. Every call is counted by the budget.
 */
export interface State {
  get(key: StateKey): Promise<Uint8Array | undefined>;
  /** Values are JSON text (`stateValue`) and never empty: Fabric takes an empty value for a delete. */
  put(key: StateKey, value: Uint8Array): void;
  delete(key: StateKey): void;
}

/**
 * The state as a contract of its own keys (`Contract.ownKeys`) sees it. Keys that a range returned count as read; a key that is
 * written into the range between two Fabric transactions invalidates the later one, so an operation that asks for a range cannot be
 * planned without conflicts, only repeated until it passes.
 */
export interface OwnKeysState extends State {
  /** Keys from `start` (inclusive) to `end` (exclusive; '' for no end) in the order of their UTF-8 bytes, Medrex's own left out. */
  range(start: string, end: string): AsyncIterable<StateEntry>;
}

export interface StateEntry {
  readonly key: StateKey;
  readonly value: Uint8Array;
}

/** Spent by state calls, written bytes and loops; over it the operation is rejected BUDGET_EXCEEDED, the same on every endorser. */
export interface Budget {
  spend(units: number): void;
}

/** A contract's own "no". Thrown out of `apply`; everything the operation wrote is rolled back. */
export class Reject extends Error {
  readonly code: string;
  /** Coded particulars for the sender: entry number, FHIRPath expression, expected version. */
  readonly detail: JsonObject | undefined;
  constructor(code: string, message: string, detail?: JsonObject) {
    super(message);
    this.name = 'Reject';
    this.code = code;
    this.detail = detail;
  }
}

/** A contract: operations in, state changes out; deterministic, without clock, randomness or I/O beyond `state`. */
export interface Contract {
  readonly name: string;
  /** Template versions that `apply` still understands. */
  readonly templateVersions: readonly number[];
  /** Its keys are any text outside Medrex's system space, for contracts that were written without Medrex; `apply` gets an `OwnKeysState`. */
  readonly ownKeys?: boolean;
  /**
   * Applies one operation. Returns what the sender is told (small, coded), e.g. `{ id, version }` per entry.
   * @throws Reject when the contract refuses it.
   */
  apply(operation: Operation, state: State, budget: Budget): Promise<JsonValue | undefined>;
}

/** How one operation of a batch ended. */
export interface OperationResult {
  readonly opId: string;
  readonly sourceHash: string;
  /** `dead` only as the answer to a close, or for an exception that is no Reject (code CONTRACT_ERROR). */
  readonly status: 'applied' | 'rejected' | 'dead';
  /** OK, or the reject's code. */
  readonly code: string;
  readonly message?: string;
  readonly detail?: JsonValue;
  /** The Fabric transaction that settled it: this one, or an earlier one when the operation's record already stood. */
  readonly txId: string;
  /** True when the answer comes from a record that stood before this transaction. */
  readonly isRepeat?: boolean;
  /** The author whose signature was verified; absent if it is vouched for by ingest only. */
  readonly author?: string;
  /** What it touched beyond its declaration; the orderer widens by these before it sends anything. */
  readonly undeclared: readonly DeclaredKey[];
}
