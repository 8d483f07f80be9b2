import type { OperationResult, Registry } from '@medrex/execute-batch';

/** Access to the registry of authors on a ledger. */
export interface AuthorLedger {
  /** Description of the ledger for people; says so if it is a model. */
  readonly label: string;
  /** Submits a change as an administrator's Fabric transaction; resolves when it is in a block. */
  change(item: Uint8Array): Promise<OperationResult>;
  read(): Promise<Registry>;
  close(): Promise<void>;
}

/** Flags that locate the ledger. */
export interface LedgerFlags {
  /** Connection profile of a Fabric network. */
  readonly profile?: string;
  /** The administrator's MSP folder, instead of the identity in the profile. */
  readonly msp?: string;
  readonly channel: string;
  readonly chaincode: string;
  /** orderer-dag on the embedded ledger. */
  readonly ordererUrl?: string;
}

/** Maximum tries of a change that conflicts with others. */
export const changeTries = 5;
