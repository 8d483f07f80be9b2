import type { StateKey } from '@medrex/keys';
import { lifecycleNamespace } from '@medrex/ledger';

/**
 * A key of a namespace as it stands in the read/write set of a transaction of `chaincode`: plain when it is the chaincode's own,
 * else `_lifecycle/<key>` or `_/<namespace>/<key>`. No key of the pipeline begins with `_`, and an own key that does is written
 * in full, so a qualified key is never taken for a plain one.
 */
export function qualifiedKey(chaincode: string, namespace: string, key: string): StateKey {
  if (namespace === lifecycleNamespace) return `${lifecycleNamespace}/${key}` as StateKey;
  if (namespace === chaincode && !key.startsWith('_')) return key as StateKey;
  return `_/${namespace}/${key}` as StateKey;
}
