import type { Operation, OperationHeader } from '@medrex/execute-batch';
import type { OperationClass } from './operation-class.ts';

/** What the pipeline knows about an operation besides what its contract sees. */
export interface Routing {
  /** (source, id) of the message, sealed so that only ingest can read it. */
  readonly sealedName: string;
  readonly class: OperationClass;
  /** Epoch ms after which it must not be planned; it is then closed as dead with code EXPIRED. */
  readonly deadlineMs?: number;
  /** When ingest accepted it, epoch ms. */
  readonly acceptedAtMs: number;
  /** W3C trace context of the span that accepted it. */
  readonly traceparent?: string;
  /** Index of its item in the message, from 0. */
  readonly item: number;
}

/** One operation of the `operations` topic. */
export interface AcceptedOperation {
  readonly routing: Routing;
  readonly operation: Operation;
}

/**
 * An accepted operation with its place in the promised order, as the pipeline reads it: facts and bodies stay encoded.
 */
export interface SequencedOperation {
  readonly routing: Routing;
  readonly operation: OperationHeader;
  /** record offset x 1024 + index in the record; increasing along the log, with gaps. */
  readonly seq: number;
  /**
   * The bytes of the operation for `decodeOperation` of @medrex/execute-batch. Fusions are built from these bytes
   * without encoding them again.
   */
  readonly operationBytes: Uint8Array;
}

/** Maximum of operations in one record of the `operations` topic, and so the step of `seq` per offset. */
export const operationsPerRecord = 1024;
