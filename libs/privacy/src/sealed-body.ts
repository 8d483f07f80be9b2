import { KeyedHash } from '@medrex/contracts';
import { createCipheriv, createDecipheriv, createSecretKey, hash, type KeyObject } from 'node:crypto';
import { privacyError } from './errors.ts';
import { lengthPrefixed } from './length-prefixed.ts';
import { packBody, unpackBody } from './packed-body.ts';

const algorithm = 'aes-256-gcm';
const nonceBytes = 12;
const tagBytes = 16;
/** Keeps the nonces apart from anything else that a data key may ever be hashed for. */
const nonceDomain = Buffer.from('medrex body nonce 1\0');

/** A data key made ready: handing raw bytes to the cipher each time costs 20 microseconds more per body. */
export class BodyKey {
  readonly cipherKey: KeyObject;
  readonly nonceHash: KeyedHash;

  /** @param bytes 32 bytes. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== 32) throw privacyError('vaultUnreadable', `a data key of ${bytes.length} bytes instead of 32`);
    this.cipherKey = createSecretKey(bytes);
    this.nonceHash = new KeyedHash(bytes);
  }
}

/**
 * Seals a body: base64 text, as bytes, of `nonce(12) | ciphertext | tag(16)` of AES-256-GCM (NIST SP 800-38D) over the packed body.
 *
 * The nonce is HMAC(data key, binding, SHA-256 of the packed body), so equal input gives equal bytes (a message that is taken in
 * again after a crash seals to the same operation) and two different inputs share a nonce with probability 2^-96 per pair. It is made
 * of what is enciphered, not of what was given: another zlib packs the same body to other bytes, and those need another nonce.
 *
 * @param binding what the body belongs to (message source and id, item, entry, resource id); authenticated, not stored.
 */
export function sealBody(key: BodyKey, body: Uint8Array, binding: readonly string[]): Uint8Array {
  const aad = lengthPrefixed(binding);
  const packed = packBody(body);
  const packedHash = Buffer.from(hash('sha256', packed, 'binary'), 'latin1');
  const nonce = key.nonceHash.digest(nonceDomain, aad, packedHash).subarray(0, nonceBytes);
  const cipher = createCipheriv(algorithm, key.cipherKey, nonce);
  cipher.setAAD(aad);
  const ciphertext = cipher.update(packed);
  cipher.final();
  const sealed = Buffer.allocUnsafe(nonceBytes + ciphertext.length + tagBytes);
  sealed.set(nonce, 0);
  sealed.set(ciphertext, nonceBytes);
  sealed.set(cipher.getAuthTag(), nonceBytes + ciphertext.length);
  return Buffer.from(sealed.toString('base64'), 'latin1');
}

/**
 * Opens what `sealBody` made.
 *
 * @throws CodedError BODY_UNOPENABLE for another key, another binding or changed bytes; which of them cannot be told.
 */
export function openBody(key: BodyKey, sealed: Uint8Array, binding: readonly string[]): Uint8Array {
  const text = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.length).toString('latin1');
  const bytes = Buffer.from(text, 'base64');
  // Base64 has several spellings of the same bytes; only the one that sealBody writes is a sealed body.
  if (bytes.length < nonceBytes + tagBytes || bytes.toString('base64') !== text) {
    throw privacyError('bodyUnopenable', `${sealed.length} bytes that are not a sealed body`);
  }
  try {
    const decipher = createDecipheriv(algorithm, key.cipherKey, bytes.subarray(0, nonceBytes), {
      authTagLength: tagBytes,
    });
    decipher.setAAD(lengthPrefixed(binding));
    decipher.setAuthTag(bytes.subarray(bytes.length - tagBytes));
    const packed = decipher.update(bytes.subarray(nonceBytes, bytes.length - tagBytes));
    decipher.final();
    return unpackBody(packed);
  } catch (cause) {
    throw privacyError('bodyUnopenable', 'a sealed body does not open with this key and binding', cause);
  }
}
