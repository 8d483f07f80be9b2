import type { JsonObject, JsonValue } from '@medrex/execute-batch';

/**
 * The name that stands in place of a contract's in operations of per-transaction mode. Such an operation is a **call**: one
 * function of somebody else's chaincode, in a Fabric transaction of its own.
 */
export const perTransactionContract = 'per-transaction';

/** What a call says in clear; its arguments are its one sealed body. */
export interface CallFacts {
  readonly chaincode: string;
  readonly function: string;
  /** Its keys were named by the sender or by a template, all of them; else they are found out by endorsing it. */
  readonly isDeclared: boolean;
}

/** The answer of a call as an outcome carries it in `detail`: sealed, because it is the sender's content. */
export interface SealedAnswer {
  readonly sealed: string;
}

/** The facts of a call from an operation; undefined if they are invalid. */
export function readCallFacts(facts: JsonObject): CallFacts | undefined {
  const { chaincode, function: name, isDeclared } = facts;
  if (typeof chaincode !== 'string' || !isChaincodeName(chaincode) || typeof name !== 'string') return undefined;
  return { chaincode, function: name, isDeclared: isDeclared === true };
}

/** Fabric's rule for the names of chaincodes. */
export function isChaincodeName(name: string): boolean {
  return name.length <= 64 && /^[A-Za-z0-9]+([-_][A-Za-z0-9]+)*$/.test(name);
}

/** The sealed answer in an outcome's detail, if there is one. */
export function sealedAnswerOf(detail: JsonValue | undefined): SealedAnswer | undefined {
  if (typeof detail !== 'object' || detail === null || Array.isArray(detail)) return undefined;
  const { sealed } = detail as JsonObject;
  return typeof sealed === 'string' ? { sealed } : undefined;
}
