import type { Operation, OperationHeader } from '@medrex/execute-batch';
import type { OperationClass } from './operation-class.ts';

/** What the pipeline knows of an operation beside what its contract sees. */
export interface Routing {
  /** (source, id) of the message, sealed: only ingest can name it again. */
  readonly sealedName: string;
  readonly class: OperationClass;
  /** Epoch ms after which it must not be planned any more; it is then closed as dead, code EXPIRED. */
  readonly deadlineMs?: number;
  /** When ingest accepted it, epoch ms. */
  readonly acceptedAtMs: number;
  /** W3C trace context of the span that accepted it. */
  readonly traceparent?: string;
  /** Which item of its message it is, from 0. */
  readonly item: number;
}

/** One operation of the `operations` topic. */
export interface AcceptedOperation {
  readonly routing: Routing;
  readonly operation: Operation;
}

/** An accepted operation at its place in the promised order, as the pipeline reads it: facts and bodies stay in its bytes. */
export interface SequencedOperation {
  readonly routing: Routing;
  readonly operation: OperationHeader;
  /** record offset x 1024 + place in the record; rises along the log, with gaps. */
  readonly seq: number;
  /** The operation's own bytes as `decodeOperation` of @medrex/execute-batch reads them: a fusion is built from these without encoding anything again. */
  readonly operationBytes: Uint8Array;
}

/** Operations that one record of the `operations` topic can hold at most, and so the step of `seq` per offset. */
export const operationsPerRecord = 1024;
