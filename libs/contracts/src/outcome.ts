import type { JsonValue } from '@medrex/execute-batch';
import type { DeclaredKey } from '@medrex/keys';

/** How one operation ended; every accepted operation gets exactly one ending, repeats of the report are identical. */
export interface OperationOutcome {
  readonly seq: number;
  readonly opId: string;
  readonly sourceHash: string;
  readonly sealedName: string;
  readonly item: number;
  readonly status: 'applied' | 'rejected' | 'dead';
  readonly code: string;
  readonly message?: string;
  readonly detail?: JsonValue;
  readonly txId: string;
  readonly blockNum: number;
  readonly txNum: number;
  /** Keys it was found to touch beyond its declaration; order on these is promised from their discovery on. */
  readonly undeclared?: readonly DeclaredKey[];
  readonly traceparent?: string;
}

/** The value of one record of the `outcomes` topic: everything one Fabric transaction settled. */
export interface TransactionOutcomes {
  readonly txId: string;
  readonly blockNum: number;
  readonly txNum: number;
  /** When orderer-dag saw the block, epoch ms. */
  readonly committedAtMs: number;
  readonly outcomes: readonly OperationOutcome[];
}
