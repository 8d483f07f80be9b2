import { ensureKey, stateKey, type KeySpace, type StateKey } from '@medrex/keys';

/** Key of a resource's head: its current version and the key of that version's record. */
export function headKey(space: KeySpace, type: string, id: string): StateKey {
  return stateKey(space, 'res', type, id);
}

/**
 * Key of the record of one version. It is written once. The change that wrote it makes it unique; for version 1 of a
 * minted id `change` is `1`.
 */
export function versionKey(space: KeySpace, type: string, id: string, changeId: string): StateKey {
  return stateKey(space, 'ver', type, id, changeId);
}

/**
 * Key of the line that lists the resources with a business identifier. It lies in the system space because both
 * clinical and financial resources refer to others by identifier.
 * @param digest keyed digest of type, system and value
 */
export function identifierKey(digest: string): StateKey {
  return ensureKey({ space: 'system', entity: 'idn', digest });
}
