import { authorKey, authorPolicyKey, type StateKey } from '@medrex/keys';
import type { Operation } from '../contract.ts';
import { housekeeping } from '../housekeeping.ts';
import { type AuthorPolicy, decodeAuthor, decodeAuthorPolicy, standardAuthorPolicy } from './author-records.ts';
import { authorsContract } from './author-registry.ts';
import { authorRejects, type AuthorReject } from './author-rejects.ts';
import { isSignatureOf } from './public-key.ts';
import type { SignedBy } from './signed-by.ts';
import { signedStatement } from './signed-statement.ts';

/** Who is responsible for an operation: an author, or ingest alone. */
export type AuthorVerdict =
  | { readonly kind: 'attested' }
  | { readonly kind: 'signed'; readonly author: string }
  | { readonly kind: 'refused'; readonly code: AuthorReject; readonly message: string };

type SignedOperation = Pick<Operation, 'contract' | 'time' | 'author'>;

const attested: AuthorVerdict = { kind: 'attested' };

/** Operations of Medrex's own contracts have no authors: an administrator's certificate or ingest authorises them. */
const isOwn = (contract: string): boolean => contract === authorsContract || contract === housekeeping.name;

/** The last policy read, since most batches need only one, again and again. */
interface PolicyRead {
  readonly key: StateKey;
  value?: Uint8Array | undefined;
  policy: AuthorPolicy;
}

/**
 * Checks the authors of the operations of one Fabric transaction against the registry as it is at their places in the
 * order. A signature over several operations is verified once.
 */
export class AuthorCheck {
  readonly #read: (key: StateKey) => Uint8Array | undefined;
  readonly #checked = new Map<string, boolean>();
  readonly #policies = new Map<string, PolicyRead>();

  /** @param read the current value of a key that `keysOf` named */
  constructor(read: (key: StateKey) => Uint8Array | undefined) {
    this.#read = read;
  }

  /** Keys that the check of an operation reads: the policy of its contract and, if it is signed, its author. */
  keysOf({ contract, author }: SignedOperation): readonly StateKey[] {
    if (isOwn(contract)) return [];
    const { key } = this.#policyOf(contract);
    return author === undefined ? [key] : [key, authorKey(author.id)];
  }

  verdict(operation: SignedOperation): AuthorVerdict {
    if (isOwn(operation.contract)) return attested;
    const policy = this.#policy(operation.contract);
    if (policy === 'off') return attested;
    if (operation.author !== undefined) return this.#signed(operation, operation.author);
    return policy === 'required' ? refused('SIGNATURE_REQUIRED') : attested;
  }

  #policy(contract: string): AuthorPolicy {
    const known = this.#policyOf(contract);
    const value = this.#read(known.key);
    if (value !== known.value) {
      known.value = value;
      // An unreadable policy, written by another chaincode, does not permit missing signatures.
      known.policy = value === undefined ? standardAuthorPolicy : (decodeAuthorPolicy(value)?.policy ?? 'required');
    }
    return known.policy;
  }

  #policyOf(contract: string): PolicyRead {
    const known = this.#policies.get(contract);
    if (known !== undefined) return known;
    const made: PolicyRead = { key: authorPolicyKey(contract), policy: standardAuthorPolicy };
    this.#policies.set(contract, made);
    return made;
  }

  #signed({ contract, time }: SignedOperation, { id, message, signature }: SignedBy): AuthorVerdict {
    const author = decodeAuthor(this.#read(authorKey(id)));
    if (author === undefined) return refused('AUTHOR_UNKNOWN');
    if (author.status === 'revoked') return refused('AUTHOR_REVOKED');
    const statement = signedStatement({ author: id, contract, message, time });
    return this.#isRight(author.publicKey, signature, statement)
      ? { kind: 'signed', author: id }
      : refused('SIGNATURE_INVALID');
  }

  #isRight(key: string, signature: string, statement: Uint8Array): boolean {
    const name = `${key} ${signature} ${Buffer.from(statement).toString('latin1')}`;
    const known = this.#checked.get(name);
    if (known !== undefined) return known;
    const isRight = isSignatureOf(key, signature, statement);
    this.#checked.set(name, isRight);
    return isRight;
  }
}

function refused(code: AuthorReject): AuthorVerdict {
  return { kind: 'refused', code, message: authorRejects[code].meaning };
}
