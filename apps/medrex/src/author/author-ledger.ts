import type { OperationResult, Registry } from '@medrex/execute-batch';

/** A ledger as its registry of authors is changed and looked at. */
export interface AuthorLedger {
  /** Where it is, for people; a model says that it is one. */
  readonly label: string;
  /** Carries one change as a Fabric transaction of an administrator, and resolves when it is in a block. */
  change(item: Uint8Array): Promise<OperationResult>;
  read(): Promise<Registry>;
  close(): Promise<void>;
}

/** Where the ledger is found. */
export interface LedgerFlags {
  /** Connection profile of a Fabric network. */
  readonly profile?: string;
  /** The administrator's MSP folder, in place of the identity that the profile names. */
  readonly msp?: string;
  readonly channel: string;
  readonly chaincode: string;
  /** orderer-dag on the embedded ledger. */
  readonly ordererUrl?: string;
}

/** How often a change is endorsed anew that lost to another one. */
export const changeTries = 5;
