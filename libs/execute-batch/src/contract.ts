import type { DeclaredKey, StateKey } from '@medrex/keys';
import type { SignedBy } from './authors/signed-by.ts';

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [name: string]: JsonValue };
export type JsonObject = { readonly [name: string]: JsonValue };

/** One operation as its contract sees it. Nothing in it identifies a person; identifiers stay in ingest. */
export interface Operation {
  readonly opId: string;
  /** Keyed hash of the source bytes, which distinguishes a repeat from another message under the same name. */
  readonly sourceHash: string;
  /** The contract that applies it: 'clinical', 'asset-transfer', ... */
  readonly contract: string;
  /** Version of the key template that declared `keys`. */
  readonly templateVersion: number;
  readonly keys: readonly DeclaredKey[];
  /** Time given by the sender or, without that, of arrival at ingest; ISO 8601, UTC. The only clock of a contract. */
  readonly time: string;
  /**
   * The coded fields for the contract's decisions: status, codes, quantities, times; never free text. The contract
   * defines their structure.
   */
  readonly facts: JsonObject;
  /**
   * Sealed bodies, which only the key holder can open; `facts` refer to them by index. Base64 text as bytes, ready to
   * be embedded in a state value.
   */
  readonly bodies: readonly Uint8Array[];
  /** The claimed author of its message. Absent if only ingest is responsible for it. */
  readonly author?: SignedBy;
}

/**
 * The state as one operation sees it, including its own writes and those of earlier operations in the same Fabric
 * transaction. Values are shared, not copied: bytes that were read or written must not be changed. The budget counts
 * every call.
 */
export interface State {
  get(key: StateKey): Promise<Uint8Array | undefined>;
  /** Values are JSON text (`stateValue`) and never empty, since Fabric treats an empty value as a delete. */
  put(key: StateKey, value: Uint8Array): void;
  delete(key: StateKey): void;
}

/**
 * The state for a contract with keys of its own (`Contract.ownKeys`). Keys returned by a range count as read. A key
 * written into the range between two Fabric transactions invalidates the later one, so an operation that reads a range
 * cannot be planned without conflicts and is only repeated until it succeeds.
 */
export interface OwnKeysState extends State {
  /**
   * Keys from `start` (inclusive) to `end` (exclusive; '' for no end) in the order of their UTF-8 bytes, without
   * Medrex's own.
   */
  range(start: string, end: string): AsyncIterable<StateEntry>;
}

export interface StateEntry {
  readonly key: StateKey;
  readonly value: Uint8Array;
}

/**
 * Spent by state calls, written bytes and loops. An operation that exceeds it is rejected with BUDGET_EXCEEDED, on all
 * endorsers alike.
 */
export interface Budget {
  spend(units: number): void;
}

/** A rejection by a contract. When `apply` throws it, everything the operation wrote is rolled back. */
export class Reject extends Error {
  readonly code: string;
  /** Coded details for the sender: entry number, FHIRPath expression, expected version. */
  readonly detail: JsonObject | undefined;
  constructor(code: string, message: string, detail?: JsonObject) {
    super(message);
    this.name = 'Reject';
    this.code = code;
    this.detail = detail;
  }
}

/**
 * A contract applies operations to state. It must be deterministic, without clock, randomness or I/O other than
 * `state`.
 */
export interface Contract {
  readonly name: string;
  /** Template versions that `apply` still understands. */
  readonly templateVersions: readonly number[];
  /**
   * Its keys may be any text outside Medrex's system space, for contracts that were written without Medrex; `apply`
   * gets an `OwnKeysState`.
   */
  readonly ownKeys?: boolean;
  /**
   * Applies one operation. Returns the result for the sender (small, coded), e.g. `{ id, version }` per entry.
   * @throws Reject to reject it
   */
  apply(operation: Operation, state: State, budget: Budget): Promise<JsonValue | undefined>;
}

/** How one operation of a batch ended. */
export interface OperationResult {
  readonly opId: string;
  readonly sourceHash: string;
  /** `dead` only for a close, or for an exception that is not a Reject (code CONTRACT_ERROR). */
  readonly status: 'applied' | 'rejected' | 'dead';
  /** OK, or the code of the reject. */
  readonly code: string;
  readonly message?: string;
  readonly detail?: JsonValue;
  /** The Fabric transaction that settled it: this one, or an earlier one if the operation already had a record. */
  readonly txId: string;
  /** True when the answer is from a record of an earlier transaction. */
  readonly isRepeat?: boolean;
  /** The author whose signature was verified; absent if only ingest is responsible. */
  readonly author?: string;
  /**
   * Keys that it touched without declaring them; the orderer widens the operation by these before it sends anything.
   */
  readonly undeclared: readonly DeclaredKey[];
}
