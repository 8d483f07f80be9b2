import type { StateKey } from '@medrex/keys';
import type { ChaincodeResponse } from './chaincode.ts';
import type { ValidationCode } from './validation-code.ts';

/** Where a value was written: block number and position in the block. A read of an absent key has no version. */
export interface Version {
  readonly blockNum: number;
  readonly txNum: number;
}

export interface KeyRead {
  readonly key: StateKey;
  readonly version: Version | undefined;
}

export interface KeyWrite {
  readonly key: StateKey;
  /** Absent for a delete. */
  readonly value: Uint8Array | undefined;
}

/**
 * A range query and its result; it runs again at validation, so phantoms are found. `end` is exclusive unless the
 * iterator was not exhausted.
 */
export interface RangeRead {
  readonly start: string;
  readonly end: string;
  readonly isExhausted: boolean;
  readonly reads: readonly KeyRead[];
  /** For a long range a peer keeps hashes only; then `reads` is empty, and equal digests mean equal lines. */
  readonly digest?: string;
}

/** Metadata under a key, such as a key-level endorsement policy (Fabric's VALIDATION_PARAMETER). */
export interface MetadataEntry {
  readonly name: string;
  readonly value: Uint8Array;
}

/** The complete new metadata of a key; without entries it has none. */
export interface MetadataWrite {
  readonly key: StateKey;
  readonly entries: readonly MetadataEntry[];
}

/** What a called chaincode read and wrote in its namespace. */
export interface CalledSet {
  readonly chaincode: string;
  readonly readWriteSet: ReadWriteSet;
}

/**
 * The reads and writes of a transaction. The reads include that of the chaincode's definition (`isLifecycleKey`), which
 * is common to all transactions and written by an upgrade; it is not a key of the application's state.
 */
export interface ReadWriteSet {
  readonly reads: readonly KeyRead[];
  readonly ranges: readonly RangeRead[];
  readonly writes: readonly KeyWrite[];
  readonly metadata?: readonly MetadataWrite[];
  /** Sorted by namespace; called sets are not nested. */
  readonly called?: readonly CalledSet[];
}

export interface Proposal {
  readonly channel: string;
  readonly chaincode: string;
  readonly fn: string;
  readonly args: readonly Uint8Array[];
  /**
   * The arguments are only for the endorsers: on Fabric they are transient data (`transientArguments`) and in no block.
   * For chaincodes that read them from there.
   */
  readonly isUnrecorded?: boolean;
  /** The id that `Ledger.transactionId` gives for the nonce; a second use is DUPLICATE_TXID. */
  readonly txId: string;
  /** The nonce of the id. Fabric needs it in the proposal; a model accepts any id. */
  readonly nonce?: Uint8Array;
  /** The client's MSP id. */
  readonly creator: string;
  /** A model, which has no certificates, trusts this; a network reads the certificate only. */
  readonly isAdministrator?: boolean;
}

/** The common answer of the pinned endorsers. `envelopeBytes` is the size that the orderer will count. */
export interface Endorsement {
  readonly proposal: Proposal;
  readonly response: ChaincodeResponse;
  readonly readWriteSet: ReadWriteSet;
  readonly chaincodeVersion: string;
  readonly envelopeBytes: number;
}

/** A transaction in a block, of any sender. */
export interface CommittedTransaction {
  readonly txId: string;
  readonly txNum: number;
  readonly code: ValidationCode;
  readonly creator: string;
  readonly chaincode: string;
  readonly fn: string;
  readonly readWriteSet: ReadWriteSet;
  /** The chaincode's response payload; outcomes are read from it, but only if the code is VALID. */
  readonly payload: Uint8Array;
}

export interface Block {
  readonly channel: string;
  readonly number: number;
  readonly transactions: readonly CommittedTransaction[];
}

/**
 * A channel of Hyperledger Fabric, or its model. `endorse` asks every pinned endorser and compares their answers.
 *
 * @throws CodedError of ./errors.ts: ENDORSEMENT_REFUSED (the chaincode answered 400 or more), ENDORSEMENTS_DIFFER,
 * LEDGER_UNAVAILABLE, ENVELOPE_TOO_LARGE, TXID_USED, CHAINCODE_MISSING, CHANNEL_UNKNOWN, LEDGER_CLOSED; each says whether it is infrastructure (`retryable`).
 */
export interface Ledger {
  readonly channel: string;
  /** Label for every figure of this ledger: "model of Fabric (embedded)", "Hyperledger Fabric 3.1.5". */
  readonly label: string;
  /** The id of the transaction proposed under this nonce: on Fabric the SHA-256 of nonce and creator, in hex. */
  transactionId(nonce: Uint8Array): string;
  endorse(proposal: Proposal): Promise<Endorsement>;
  /** Simulates and returns the response; nothing is ordered. */
  evaluate(proposal: Proposal): Promise<ChaincodeResponse>;
  /** Resolves when the orderer acknowledged the envelope, which guarantees nothing; only a block does. */
  submit(endorsement: Endorsement): Promise<void>;
  close(): Promise<void>;
}

/** The channel's full blocks, in order, each once every pinned endorser has committed it. */
export interface BlockStream {
  /** Calls `onBlock` for each block from number `from` on, one at a time; a failing `onBlock` ends the stream with `onError` (without one: an unhandled rejection). */
  follow(
    from: number,
    onBlock: (block: Block) => void | Promise<void>,
    onError?: (error: unknown) => void,
  ): BlockSubscription;
  /** Number of blocks committed by all pinned endorsers. */
  height(): Promise<number>;
  /**
   * The position of the first transaction with this id, VALID or not; undefined if no block has one.
   * @throws CodedError BLOCK_PRUNED if its block is no longer kept
   */
  find(txId: string): Promise<FoundTransaction | undefined>;
}

/** A transaction and its block. Of several with one id it is the VALID one of the block, else the first. */
export interface FoundTransaction {
  readonly transaction: CommittedTransaction;
  readonly block: Block;
}

export interface BlockSubscription {
  /** Resolves when `onBlock` no longer runs; do not await it within `onBlock`. */
  close(): Promise<void>;
}
