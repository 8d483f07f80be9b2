import type { OperationClass, PatientIdentifier } from '@medrex/contracts';
import type { VaultLookup } from '@medrex/privacy';
import type { IncomingMessage } from '../message/incoming-message.ts';
import type { Problem } from '../problem.ts';
import type { RefusedItem } from './draft.ts';

/** The messages between the main thread and a translation worker. */

/** workerData of a translation worker. */
export interface WorkerSetUp {
  /** Intake halves of contracts, as `module#export`. */
  readonly contracts: readonly string[];
  readonly identifierSystems: readonly string[];
  readonly identityKey: Uint8Array;
  readonly tenantSubjectKey: Uint8Array;
  readonly operationBytesMax: number;
}

/** A message for a worker: its bytes are transferred, and its body is parsed there. */
export type ForeignMessage = Omit<IncomingMessage, 'body' | 'isUnparsed' | 'place' | 'takenInMs'>;

/** A draft without its bytes; the bytes of all drafts are concatenated in one buffer. */
export interface PackedDraft {
  readonly kind: 'draft';
  readonly item: number;
  readonly opId: string;
  readonly contract: string;
  readonly class: OperationClass;
  readonly bytes: number;
}

/** The parts of an error that cross threads, enough to rebuild it. */
export interface ForeignError {
  readonly code: string;
  readonly message: string;
  readonly retryable: boolean;
  readonly remedy: string;
}

export type ToWorker =
  | { readonly kind: 'translate'; readonly call: number; readonly message: ForeignMessage; readonly time: string }
  | { readonly kind: 'patients'; readonly call: number; readonly found: readonly VaultLookup[] }
  /** `error` is absent when it was not an error of the vault itself. */
  | { readonly kind: 'no patients'; readonly call: number; readonly error?: ForeignError };

export type FromWorker =
  | {
      readonly kind: 'items';
      readonly call: number;
      readonly items: readonly (PackedDraft | RefusedItem)[];
      readonly packed: Uint8Array;
    }
  | { readonly kind: 'problem'; readonly call: number; readonly problem: Problem }
  | { readonly kind: 'unexpected'; readonly error: ForeignError }
  | { readonly kind: 'lookups'; readonly call: number; readonly lookups: readonly (readonly PatientIdentifier[])[] };
