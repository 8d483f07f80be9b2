import { ensureKey, stateKey, type KeySpace, type StateKey } from '@medrex/keys';

/** Key of a resource's head: its version and where the record of that version lies. */
export function headKey(space: KeySpace, type: string, id: string): StateKey {
  return stateKey(space, 'res', type, id);
}

/**
 * Key of the record of one version: written once, unique by the change that made it. Version 1 of a minted id is `1`.
 */
export function versionKey(space: KeySpace, type: string, id: string, changeId: string): StateKey {
  return stateKey(space, 'ver', type, id, changeId);
}

/**
 * Key of the directory line of a business identifier: which resources have it. In the system space,
 * since a claim may name its practitioner by an identifier as an observation does.
 * @param digest of type, system and value, keyed.
 */
export function identifierKey(digest: string): StateKey {
  return ensureKey({ space: 'system', entity: 'idn', digest });
}
