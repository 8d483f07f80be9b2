import { parseStateValue, stateValue } from '../state-value.ts';

/** An author in the registry. */
export interface Author {
  readonly id: string;
  /** SPKI, base64. The key of an id never changes: another key needs another id. */
  readonly publicKey: string;
  readonly status: 'active' | 'revoked';
  /** When it was registered, ISO 8601. */
  readonly since: string;
  readonly revokedSince?: string;
  /** MSP id of the organisation whose administrator registered it. */
  readonly organisation: string;
}

export const authorPolicies = ['off', 'optional', 'required'] as const;

/**
 * What a contract requires of the authors of its operations.
 * - `off`: signatures are ignored
 * - `optional`: a signature, if present, must be valid
 * - `required`: an operation without a valid signature is rejected
 */
export type AuthorPolicy = (typeof authorPolicies)[number];

/** A policy in the registry. */
export interface AuthorPolicyRecord {
  readonly contract: string;
  readonly policy: AuthorPolicy;
  readonly since: string;
  readonly organisation: string;
}

/** The default policy: claimed signatures are checked. */
export const standardAuthorPolicy: AuthorPolicy = 'optional';

export function encodeAuthor(author: Author): Uint8Array {
  return stateValue({ ...author });
}

/** Returns undefined for an absent value, and for one that another chaincode wrote. */
export function decodeAuthor(value: Uint8Array | undefined): Author | undefined {
  const fields = parsed(value);
  if (fields === undefined) return undefined;
  const { id, publicKey, status, since, organisation } = fields;
  const isWhole = [id, publicKey, since, organisation].every((field) => typeof field === 'string');
  return isWhole && (status === 'active' || status === 'revoked') ? (fields as unknown as Author) : undefined;
}

export function encodeAuthorPolicy(policy: AuthorPolicyRecord): Uint8Array {
  return stateValue({ ...policy });
}

export function decodeAuthorPolicy(value: Uint8Array | undefined): AuthorPolicyRecord | undefined {
  const fields = parsed(value);
  const isKnown = authorPolicies.some((policy) => policy === fields?.['policy']);
  return isKnown ? (fields as unknown as AuthorPolicyRecord) : undefined;
}

function parsed(value: Uint8Array | undefined): Readonly<Record<string, unknown>> | undefined {
  try {
    return parseStateValue(value);
  } catch {
    return undefined;
  }
}
