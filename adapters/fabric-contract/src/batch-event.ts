import type { OperationResult } from '@medrex/execute-batch';
import type { OperationEvent } from './operation-stub.ts';

/** Name of the chaincode event of a batch; Fabric allows only one per transaction. */
export const batchEventName = 'executeBatch';

/** One operation in the event of its batch. */
export interface BatchEventEntry {
  readonly opId: string;
  readonly status: OperationResult['status'];
  readonly code: string;
  /** The event that the operation itself set. */
  readonly event?: { readonly name: string; readonly payload: Uint8Array };
}

interface PackedEntry {
  readonly o: string;
  /** Absent for applied. */
  readonly s?: OperationResult['status'];
  /** Absent for OK. */
  readonly c?: string;
  readonly n?: string;
  /** Base64. */
  readonly p?: string;
}

/** The event's payload: the operations that this transaction settled, in order, without repeats. */
export function encodeBatchEvent(
  results: readonly OperationResult[],
  events: ReadonlyMap<string, OperationEvent>,
): Uint8Array {
  const entries = results.filter(({ isRepeat }) => isRepeat !== true).map((result) => pack(result, events));
  return Buffer.from(JSON.stringify(entries));
}

/** The inverse of `encodeBatchEvent`. @throws SyntaxError for another event's payload */
export function decodeBatchEvent(payload: Uint8Array): BatchEventEntry[] {
  const entries = JSON.parse(Buffer.from(payload).toString()) as readonly PackedEntry[];
  return entries.map(({ o, s, c, n, p }) => ({
    opId: o,
    status: s ?? 'applied',
    code: c ?? 'OK',
    ...(n === undefined ? {} : { event: { name: n, payload: Buffer.from(p ?? '', 'base64') } }),
  }));
}

function pack(result: OperationResult, events: ReadonlyMap<string, OperationEvent>): PackedEntry {
  const { opId, status, code } = result;
  const event = status === 'applied' ? events.get(opId) : undefined;
  return {
    o: opId,
    ...(status === 'applied' ? {} : { s: status }),
    ...(code === 'OK' ? {} : { c: code }),
    ...(event === undefined ? {} : { n: event.name, p: Buffer.from(event.payload).toString('base64') }),
  };
}
