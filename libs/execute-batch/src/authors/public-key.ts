import { createPublicKey, verify, type KeyObject } from 'node:crypto';

/**
 * Cache of parsed keys, since parsing one costs as much as verifying a signature. Bounded, because a chaincode runs
 * long.
 */
const ready = new Map<string, KeyObject>();
const readyMax = 1_000;

/**
 * A public key in its only stored form: SPKI, base64. Undefined for anything but a key of ECDSA P-256 or Ed25519.
 * @param text PEM, or SPKI in base64
 */
export function canonicalKey(text: string): string | undefined {
  // Node would accept a private key and use its public half, and the private key would be on the ledger as given.
  if (text.includes('PRIVATE')) return undefined;
  try {
    const key = createPublicKey(text.includes('-----BEGIN') ? text : spki(text));
    const isKnown = key.asymmetricKeyType === 'ed25519' || isP256(key);
    return isKnown ? key.export({ type: 'spki', format: 'der' }).toString('base64') : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whether the signature is valid for these bytes and key: SHA-256 with ECDSA, r and s or DER, or Ed25519.
 * @param key from `canonicalKey`
 * @param signature base64url
 */
export function isSignatureOf(key: string, signature: string, signed: Uint8Array): boolean {
  const bytes = Buffer.from(signature, 'base64url');
  try {
    const publicKey = readyKey(key);
    if (publicKey.asymmetricKeyType === 'ed25519') return verify(null, signed, publicKey, bytes);
    const dsaEncoding = bytes.length === 64 ? 'ieee-p1363' : 'der';
    return verify('sha256', signed, { key: publicKey, dsaEncoding }, bytes);
  } catch {
    return false;
  }
}

function readyKey(key: string): KeyObject {
  const known = ready.get(key);
  if (known !== undefined) return known;
  const made = createPublicKey(spki(key));
  const [oldest] = ready.keys();
  if (ready.size >= readyMax && oldest !== undefined) ready.delete(oldest);
  ready.set(key, made);
  return made;
}

const spki = (base64: string) => ({ key: Buffer.from(base64, 'base64'), type: 'spki', format: 'der' }) as const;

const isP256 = (key: KeyObject): boolean =>
  key.asymmetricKeyType === 'ec' && key.asymmetricKeyDetails?.namedCurve === 'prime256v1';
