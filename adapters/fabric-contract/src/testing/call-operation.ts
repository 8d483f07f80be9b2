import { encodeOperation, operationItem } from '@medrex/execute-batch';
import type { AccessMode, StateKey } from '@medrex/keys';

export interface CallOperation {
  readonly opId: string;
  readonly fn: string;
  readonly args: readonly string[];
  readonly keys?: Readonly<Record<string, AccessMode>>;
  readonly contract?: string;
  readonly time?: string;
}

/** A call of a transaction function as an item of `executeBatch`. */
export function callItem({ opId, fn, args, keys = {}, contract = 'AssetTransfer', time }: CallOperation): Uint8Array {
  return operationItem(
    encodeOperation({
      opId,
      sourceHash: `hash of ${opId}`,
      contract,
      templateVersion: 1,
      bodies: [],
      time: time ?? '2024-05-01T10:00:00.000Z',
      keys: Object.entries(keys).map(([key, mode]) => ({ key: key as StateKey, mode })),
      facts: { function: fn, args },
    }),
  );
}
