import type { JsonObject, JsonValue } from '@medrex/execute-batch';

/**
 * The contract name of operations in per-transaction mode. Such an operation is a **call**: one function of a foreign
 * chaincode, in a Fabric transaction of its own.
 */
export const perTransactionContract = 'per-transaction';

/** The plain-text part of a call; its arguments are its only, sealed body. */
export interface CallFacts {
  readonly chaincode: string;
  readonly function: string;
  /** Whether the sender or a template named all keys; otherwise they are discovered by endorsement. */
  readonly isDeclared: boolean;
}

/** The answer of a call in `detail` of an outcome: sealed, because it is the sender's content. */
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
