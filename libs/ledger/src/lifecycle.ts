import type { StateKey } from '@medrex/keys';

/** The namespace in which Fabric keeps the chaincode definitions of a channel. */
export const lifecycleNamespace = '_lifecycle';

const prefix = `${lifecycleNamespace}/namespaces/fields/`;

/**
 * The key of a chaincode's definition on a channel. Every simulation reads it, so it is in every read set, and an
 * upgrade, which writes it, invalidates all outstanding transactions (MVCC_READ_CONFLICT). No key of a chaincode's own
 * state starts with `_`.
 */
export function lifecycleKey(chaincode: string): StateKey {
  return `${prefix}${chaincode}/Sequence` as StateKey;
}

/**
 * Whether a key of a read or write set is a chaincode definition: common to all transactions and not part of the
 * application's state.
 */
export function isLifecycleKey(key: string): boolean {
  return key.charCodeAt(0) === 95 && key.startsWith(prefix);
}

/** The namespace that a key of a transaction of `chaincode` belongs to. */
export function namespaceOf(chaincode: string, key: string): string {
  return isLifecycleKey(key) ? lifecycleNamespace : chaincode;
}
