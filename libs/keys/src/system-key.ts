import type { StateKey } from './declared-key.ts';
import { parseStateKey, prefixRange, stateKey } from './state-key.ts';

/** Key of an operation's record of how it ended. A duplicate, a close and a prune of the operation use the same key. */
export function operationRecordKey(opId: string): StateKey {
  return stateKey('system', 'op', opId);
}

/** Key of a patient's link: absent until the patient is merged into another one, then the survivor's pseudonym. */
export function linkKey(pseudonym: string): StateKey {
  return stateKey('system', 'link', pseudonym);
}

/** The patient of a link key, the inverse of `linkKey`; undefined for every other key. */
export function linkedPseudonym(key: string): string | undefined {
  const { space, entity, parts } = parseStateKey(key) ?? {};
  return space === 'system' && entity === 'link' && parts?.length === 1 ? parts[0] : undefined;
}

/** Key that a probe reads and writes to test whether endorsers and orderer work; each prober has a name of its own. */
export function probeKey(name: string): StateKey {
  return stateKey('system', 'probe', name);
}

/** Key of an author whose signatures the ledger checks. */
export function authorKey(id: string): StateKey {
  return stateKey('system', 'author', id);
}

/** All keys of `authorKey`. */
export const authorRange = prefixRange('system', 'author');

/** Key of a contract's policy about the authors of its operations. */
export function authorPolicyKey(contract: string): StateKey {
  return stateKey('system', 'author-policy', contract);
}

/** All keys of `authorPolicyKey`. */
export const authorPolicyRange = prefixRange('system', 'author-policy');

const registryPrefixes = [authorKey(''), authorPolicyKey('')] as const;

/**
 * Whether it is the key of an author or a policy. Like the chaincode definition, these belong to the channel: every
 * operation may depend on them, but only an administrator's transaction changes them and no operation of the log. So
 * they are not queued.
 */
export function isRegistryKey(key: string): boolean {
  return registryPrefixes.some((prefix) => key.startsWith(prefix));
}
