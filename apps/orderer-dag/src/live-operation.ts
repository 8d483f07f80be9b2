import type { OperationClass } from '@medrex/contracts';
import type { DeclaredKey } from '@medrex/keys';
import type { Call } from './calls/call.ts';
import type { CloseReason } from './close-reason.ts';

/** An accepted operation that is not terminal, with the data for its outcome. */
export interface LiveOperation {
  readonly seq: number;
  readonly opId: string;
  readonly sourceHash: string;
  readonly sealedName: string;
  readonly item: number;
  readonly class: OperationClass;
  /** Its declared keys, plus readWrite on its operation record. */
  readonly keys: readonly DeclaredKey[];
  /** The operation as encoded by ingest; proposals contain these bytes unchanged. */
  readonly bytes: Uint8Array;
  /** Date (YYYY-MM-DD) of the operation's own time, which its operation record gets, so that one dedupe window applies everywhere. */
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
  /** When it was first planned, in ms of working time. */
  firstPlannedMs?: number;
  /** Set once it is given up; from then on its close is carried instead. */
  closeReason?: CloseReason;
}
