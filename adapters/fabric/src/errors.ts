import type { ErrorDescription } from '@medrex/coded-error';

/** Errors of a Fabric network in addition to those of the ledger port. */
export const fabricErrors = {
  profileUnusable: {
    code: 'FABRIC_PROFILE_UNUSABLE',
    retryable: false,
    meaning: 'The connection profile cannot be read, names a file that is missing, or lacks what the channel needs.',
    remedy: 'The message names the place in the profile. Compare it with docs/how-to/fabric.md.',
  },
  identityUnusable: {
    code: 'FABRIC_IDENTITY_UNUSABLE',
    retryable: false,
    meaning: 'The certificate or private key of the client cannot be read, or they do not belong together.',
    remedy: 'Give the certificate and the key of one enrolment, as PEM, the key on the curve P-256 or P-384.',
  },
  identityRefused: {
    code: 'FABRIC_IDENTITY_REFUSED',
    retryable: false,
    meaning:
      'The network does not accept this client: unknown organisation, wrong signature, or no right on the channel.',
    remedy: "Check the organisation's MSP and the channel's Writers and Readers policies, and the ACLs of the peer.",
  },
  identityExpired: {
    code: 'FABRIC_IDENTITY_EXPIRED',
    retryable: false,
    meaning: "The client's certificate is no longer valid, so peers and orderers refuse what it signs.",
    remedy: 'Put a renewed certificate in place of the old file; it is read again without a restart.',
  },
  nonceMissing: {
    code: 'FABRIC_NONCE_MISSING',
    retryable: false,
    meaning: 'A proposal has no nonce, or a transaction id that is not made from its nonce and the client.',
    remedy: 'Name transactions by Ledger.transactionId(nonce) and pass the nonce with the proposal.',
  },
  requestRefused: {
    code: 'FABRIC_REQUEST_REFUSED',
    retryable: false,
    meaning: 'The orderer refused an envelope for a reason other than its size or its sender.',
    remedy: 'The message quotes the orderer.',
  },
} as const satisfies Record<string, ErrorDescription>;

/** The message of an error of any realm. */
export function messageOf(cause: unknown): string {
  return typeof cause === 'object' && cause !== null && 'message' in cause ? String(cause.message) : String(cause);
}
