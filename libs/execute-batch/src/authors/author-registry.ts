import { authorKey, authorPolicyKey, type StateKey } from '@medrex/keys';
import { type Contract, type JsonObject, type JsonValue, type Operation, Reject, type State } from '../contract.ts';
import {
  type Author,
  authorPolicies,
  type AuthorPolicy,
  decodeAuthor,
  decodeAuthorPolicy,
  encodeAuthor,
  encodeAuthorPolicy,
} from './author-records.ts';
import { authorRegistryRejects, type AuthorRegistryReject } from './author-rejects.ts';
import { canonicalKey } from './public-key.ts';
import { isAuthorId } from './signed-by.ts';

/** Name of the contract that changes the registry. Every chaincode of `batchChaincode` includes it. */
export const authorsContract = 'authors';

/** The part of an operation that its contract sees; name and time are added later. */
export type AuthorChange = Pick<Operation, 'contract' | 'templateVersion' | 'keys' | 'facts' | 'bodies'>;

/**
 * Registers an author, active from this place in the order on.
 * @param publicKey PEM, or SPKI in base64
 */
export function registrationOf(id: string, publicKey: string): AuthorChange {
  return change({ do: 'register', id, publicKey }, authorKey(id));
}

/** Revokes an author: its signatures are valid only before this place in the order. */
export function revocationOf(id: string): AuthorChange {
  return change({ do: 'revoke', id }, authorKey(id));
}

/** Sets what a contract requires of the authors of its operations. */
export function authorPolicyOf(contract: string, policy: AuthorPolicy): AuthorChange {
  return change({ do: 'policy', contract, policy }, authorPolicyKey(contract));
}

function change(facts: JsonObject, key: StateKey): AuthorChange {
  return { contract: authorsContract, templateVersion: 1, keys: [{ key, mode: 'readWrite' }], facts, bodies: [] };
}

/** The client that sends the Fabric transaction with a change. */
export interface Registrar {
  readonly creator: string;
  readonly isAdministrator: boolean;
}

/** The contract of the registry, for one Fabric transaction. Every change may be repeated. */
export function authorRegistry({ creator, isAdministrator }: Registrar): Contract {
  return {
    name: authorsContract,
    templateVersions: [1],
    async apply(operation, state) {
      if (!isAdministrator) throw reject('NOT_ADMINISTRATOR');
      const { do: change } = operation.facts;
      if (change === 'register') return register(operation, state, creator);
      if (change === 'revoke') return revoke(operation, state, creator);
      if (change === 'policy') return setPolicy(operation, state, creator);
      throw reject('AUTHOR_INVALID');
    },
  };
}

async function register({ facts, time }: Operation, state: State, organisation: string): Promise<JsonValue> {
  const { id, publicKey: given } = facts;
  const publicKey = typeof given === 'string' ? canonicalKey(given) : undefined;
  if (!isAuthorId(id) || publicKey === undefined) throw reject('AUTHOR_INVALID');
  const before = decodeAuthor(await state.get(authorKey(id)));
  if (before === undefined) return kept(state, { id, publicKey, status: 'active', since: time, organisation });
  if (before.organisation !== organisation) throw reject('OTHER_ORGANISATION');
  if (before.publicKey !== publicKey) throw reject('AUTHOR_KEY_DIFFERS');
  if (before.status === 'revoked') throw reject('AUTHOR_IS_REVOKED');
  return { ...before };
}

async function revoke({ facts: { id }, time }: Operation, state: State, organisation: string): Promise<JsonValue> {
  if (!isAuthorId(id)) throw reject('AUTHOR_INVALID');
  const before = decodeAuthor(await state.get(authorKey(id)));
  if (before === undefined) throw reject('AUTHOR_NOT_FOUND');
  if (before.organisation !== organisation) throw reject('OTHER_ORGANISATION');
  if (before.status === 'revoked') return { ...before };
  return kept(state, { ...before, status: 'revoked', revokedSince: time });
}

async function setPolicy({ facts, time }: Operation, state: State, organisation: string): Promise<JsonValue> {
  const { contract, policy: given } = facts;
  const policy = authorPolicies.find((one) => one === given);
  if (typeof contract !== 'string' || contract === '' || policy === undefined) throw reject('AUTHOR_INVALID');
  const before = decodeAuthorPolicy(await state.get(authorPolicyKey(contract)));
  if (before?.policy === policy) return { ...before };
  const next = { contract, policy, since: time, organisation };
  state.put(authorPolicyKey(contract), encodeAuthorPolicy(next));
  return next;
}

function kept(state: State, author: Author): JsonValue {
  state.put(authorKey(author.id), encodeAuthor(author));
  return { ...author };
}

function reject(code: AuthorRegistryReject): Reject {
  return new Reject(code, authorRegistryRejects[code].meaning);
}
