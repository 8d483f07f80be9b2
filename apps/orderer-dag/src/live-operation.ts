import type { OperationClass } from '@medrex/contracts';
import type { DeclaredKey } from '@medrex/keys';
import type { Call } from './calls/call.ts';
import type { CloseReason } from './close-reason.ts';

/** An accepted operation that is not terminal yet, with what its report will need. */
export interface LiveOperation {
  readonly seq: number;
  readonly opId: string;
  readonly sourceHash: string;
  readonly sealedName: string;
  readonly item: number;
  readonly class: OperationClass;
  /** Its declaration, and readWrite on its operation record. */
  readonly keys: readonly DeclaredKey[];
  /** The operation as ingest encoded it; a proposal is built from these bytes as they are. */
  readonly bytes: Uint8Array;
  /** YYYY-MM-DD of the operation's own time: what its record will say, so that the dedupe window means one thing. */
  readonly day: string;
  readonly traceparent?: string;
  /** When ingest accepted it, epoch ms. */
  readonly acceptedAtMs: number;
  /** When this process read it, epoch ms. */
  readonly admittedAtMs: number;
  /** Epoch ms after which it is closed instead of planned. */
  readonly deadlineMs?: number;
  /** Set for an operation of per-transaction mode. */
  readonly call?: Call;
  /** When it was planned for the first time, in working time. */
  firstPlannedMs?: number;
  /** Set once it has been given up: from then on its close is carried in its place. */
  closeReason?: CloseReason;
}
