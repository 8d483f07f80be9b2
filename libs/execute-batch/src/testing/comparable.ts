import { operationRecordKey } from '@medrex/keys';
import type { OperationResult } from '../contract.ts';
import { decodeRecord, encodeRecord } from '../operation-record.ts';
import type { CommittedState } from './in-memory-stub.ts';

const recordPrefix = operationRecordKey('');

/** A state as sorted text, without transaction ids in operation records, which depend on how operations were fused. */
export function comparableState(state: CommittedState): readonly (readonly [string, string])[] {
  return [...state]
    .map(([key, value]) => {
      const record = key.startsWith(recordPrefix) ? decodeRecord(value) : undefined;
      const bytes = record === undefined ? value : encodeRecord({ ...record, txId: '' });
      return [key, Buffer.from(bytes).toString()] as const;
    })
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

/**
 * A result without what depends on how operations were fused: the transaction, and whether a record existed before it.
 */
export function comparableResult({
  opId,
  sourceHash,
  status,
  code,
  message,
  detail,
  undeclared,
}: OperationResult): object {
  return { opId, sourceHash, status, code, message, detail, undeclared };
}
