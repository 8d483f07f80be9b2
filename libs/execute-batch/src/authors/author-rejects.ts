/** A reject code for an author or for a change of the registry. `status` is the HTTP status of the answer. */
export interface AuthorRejectDescription {
  readonly status: 401 | 403 | 404 | 409 | 422;
  /** Code of the OperationOutcome's issue. */
  readonly issue: string;
  readonly meaning: string;
  readonly remedy: string;
}

/** Rejects of an operation because of its author. */
export const authorRejects = {
  AUTHOR_UNKNOWN: {
    status: 403,
    issue: 'unknown',
    meaning: 'No author with that id is registered on the ledger.',
    remedy: 'Have an administrator register it (medrex author register), then send the message under a new id.',
  },
  AUTHOR_REVOKED: {
    status: 403,
    issue: 'forbidden',
    meaning: 'The author was revoked before the operation took its place in the order.',
    remedy: 'Have it signed by an author who is not revoked, and send it under a new id.',
  },
  SIGNATURE_INVALID: {
    status: 403,
    issue: 'security',
    meaning: 'The signature is not by the author, or not of this message.',
    remedy:
      'Sign source, id, salt and the exact bytes of the body, with the time in UTC with milliseconds and the name of the contract (docs/how-to/signed-operations.md), and send it under a new id.',
  },
  SIGNATURE_REQUIRED: {
    status: 401,
    issue: 'login',
    meaning: 'The contract accepts only signed operations, and this one has no signature.',
    remedy: 'Sign the message (docs/how-to/signed-operations.md) and send it under a new id.',
  },
} as const satisfies Record<string, AuthorRejectDescription>;
export type AuthorReject = keyof typeof authorRejects;

/** Rejects of a change of the registry. */
export const authorRegistryRejects = {
  NOT_ADMINISTRATOR: {
    status: 403,
    issue: 'forbidden',
    meaning: 'The Fabric transaction does not come from an administrator.',
    remedy:
      "Use a certificate of the organisation's unit `admin`, or one with the attribute medrex.admin=true of the organisation's CA.",
  },
  AUTHOR_INVALID: {
    status: 422,
    issue: 'value',
    meaning: 'The request to the registry cannot be read.',
    remedy:
      'Name an id of 1 to 64 letters, digits, dots, hyphens and underscores and a public key of ECDSA P-256 or Ed25519; for a policy the contract, and off, optional or required.',
  },
  AUTHOR_KEY_DIFFERS: {
    status: 409,
    issue: 'conflict',
    meaning: 'The id is registered with another key.',
    remedy: 'Register the new key under a new id and revoke the old one.',
  },
  AUTHOR_IS_REVOKED: {
    status: 409,
    issue: 'conflict',
    meaning: 'The author is revoked permanently.',
    remedy: 'Register a key under a new id.',
  },
  AUTHOR_NOT_FOUND: {
    status: 404,
    issue: 'not-found',
    meaning: 'There is no author with that id to revoke.',
    remedy: 'medrex author list shows all authors.',
  },
  OTHER_ORGANISATION: {
    status: 403,
    issue: 'forbidden',
    meaning: 'The author belongs to another organisation.',
    remedy: 'Have an administrator of that organisation change it.',
  },
} as const satisfies Record<string, AuthorRejectDescription>;
export type AuthorRegistryReject = keyof typeof authorRegistryRejects;
