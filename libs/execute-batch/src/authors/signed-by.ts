/** What an operation carries of its author's signature. Nothing in it tells what was signed: `message` is a salted digest. */
export interface SignedBy {
  /** The author's id in the registry. */
  readonly id: string;
  /** `messageDigest` of the message that the operation was made of: SHA-256 in hex. */
  readonly message: string;
  /** Of `signedStatement`; base64url without padding. */
  readonly signature: string;
}

/** The signature fields of a message: author, salt and signature. Salt and signature are base64url without padding. */
export interface SignatureOfMessage {
  readonly id: string;
  /** 16 to 64 random bytes: without them the digest on the ledger would let guesses at the message be checked. */
  readonly salt: string;
  readonly signature: string;
}

const idForm = /^[A-Za-z0-9](?:[A-Za-z0-9._-]{0,62}[A-Za-z0-9])?$/;
const digestForm = /^[0-9a-f]{64}$/;
const base64urlForm = /^[A-Za-z0-9_-]+$/;

/** An author's id: a pseudonym of 1 to 64 letters, digits, dots, hyphens and underscores that the hospital chooses. */
export function isAuthorId(text: unknown): text is string {
  return typeof text === 'string' && idForm.test(text);
}

export function isSalt(text: unknown): text is string {
  return isBase64url(text, 16, 64);
}

/** 64 bytes, r and s or Ed25519's own; up to 72 where ECDSA's are written as DER. */
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
