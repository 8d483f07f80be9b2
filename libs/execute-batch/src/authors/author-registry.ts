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

/** Name of the contract that changes the registry. Every chaincode of `batchChaincode` carries it. */
export const authorsContract = 'authors';

/** What of a change its contract sees; the rest is its name and its time. */
export type AuthorChange = Pick<Operation, 'contract' | 'templateVersion' | 'keys' | 'facts' | 'bodies'>;

/** Makes an author known, active from its place in the order on. @param publicKey PEM, or SPKI in base64 */
export function registrationOf(id: string, publicKey: string): AuthorChange {
  return change({ do: 'register', id, publicKey }, authorKey(id));
}

/** Ends an author: what it signed counts up to the revocation's place in the order, and not behind it. */
export function revocationOf(id: string): AuthorChange {
  return change({ do: 'revoke', id }, authorKey(id));
}

/** Sets what a contract asks of the authors of its operations. */
export function authorPolicyOf(contract: string, policy: AuthorPolicy): AuthorChange {
  return change({ do: 'policy', contract, policy }, authorPolicyKey(contract));
}

function change(facts: JsonObject, key: StateKey): AuthorChange {
  return { contract: authorsContract, templateVersion: 1, keys: [{ key, mode: 'readWrite' }], facts, bodies: [] };
}

/** Who sends the Fabric transaction that carries a change. */
export interface Registrar {
  readonly creator: string;
  readonly isAdministrator: boolean;
}

/** The contract of the registry, for one Fabric transaction. Every change may be asked for again. */
export function authorRegistry({ creator, isAdministrator }: Registrar): Contract {
  return {
    name: authorsContract,
    templateVersions: [1],
    async apply(operation, state) {
      if (!isAdministrator) throw reject('NOT_ADMINISTRATOR');
      const { do: deed } = operation.facts;
      if (deed === 'register') return register(operation, state, creator);
      if (deed === 'revoke') return revoke(operation, state, creator);
      if (deed === 'policy') return setPolicy(operation, state, creator);
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
