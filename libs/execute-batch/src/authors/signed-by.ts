/** The author's signature in an operation. It does not reveal the message: `message` is a salted digest. */
export interface SignedBy {
  /** The author's id in the registry. */
  readonly id: string;
  /** `messageDigest` of the message of the operation: SHA-256 in hex. */
  readonly message: string;
  /** Signature of `signedStatement`; base64url without padding. */
  readonly signature: string;
}

/** The signature fields of a message: author, salt and signature. Salt and signature are base64url without padding. */
export interface SignatureOfMessage {
  readonly id: string;
  /** 16 to 64 random bytes. Without them, guesses at the message could be checked against the digest on the ledger. */
  readonly salt: string;
  readonly signature: string;
}

const idForm = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const digestForm = /^[0-9a-f]{64}$/;
const base64urlForm = /^[A-Za-z0-9_-]+$/;

/** An author's id: a pseudonym chosen by the hospital, 1 to 64 letters, digits, dots, hyphens and underscores. */
export function isAuthorId(text: unknown): text is string {
  return typeof text === 'string' && idForm.test(text);
}

export function isSalt(text: unknown): text is string {
  return isBase64url(text, 16, 64);
}

/** 64 bytes for r and s or Ed25519; up to 72 for ECDSA in DER. */
export function isSignature(text: unknown): text is string {
  return isBase64url(text, 64, 72);
}

export function isSignedBy(value: unknown): value is SignedBy {
  if (typeof value !== 'object' || value === null) return false;
  const { id, message, signature } = value as Readonly<Record<string, unknown>>;
  return isAuthorId(id) && typeof message === 'string' && digestForm.test(message) && isSignature(signature);
}

function isBase64url(text: unknown, bytesMin: number, bytesMax: number): text is string {
  if (typeof text !== 'string' || !base64urlForm.test(text) || text.length % 4 === 1) return false;
  const bytes = Math.floor((text.length * 3) / 4);
  return bytes >= bytesMin && bytes <= bytesMax;
}
