import { KeyedHash, type PatientIdentifier } from '@medrex/contracts';
import { createCipheriv, createDecipheriv, createSecretKey, type KeyObject } from 'node:crypto';
import { privacyError } from './errors.ts';
import { normaliseIdentifier } from './identifier.ts';
import { lengthPrefixed } from './length-prefixed.ts';

/** Bytes of a tenant key, and of every key wrapped under one. */
export const keyBytes = 32;
/** Random bytes that each wrapping takes as its nonce. */
export const wrapNonceBytes = 12;
const tagBytes = 16;

/**
 * The key that everything in the vault stands under. Three keys are derived from it (HMAC as the KDF of NIST SP 800-108
 * with one block), so the one that finds rows says nothing of the one that opens them.
 */
export class TenantKey {
  /** Which key it is, to be stored beside what it sealed: 16 hex characters, says nothing of the key. */
  readonly id: string;
  readonly #lookup: KeyedHash;
  readonly #wrapping: KeyObject;

  /** @param bytes 32 random bytes. */
  constructor(bytes: Uint8Array) {
    if (bytes.length !== keyBytes)
      throw privacyError('tenantKeyInvalid', `a tenant key of ${bytes.length} bytes instead of ${keyBytes}`);
    const derive = (purpose: string): Buffer => new KeyedHash(bytes).digest(Buffer.from(`medrex vault 1 ${purpose}`));
    this.id = derive('id').toString('hex', 0, 8);
    this.#lookup = new KeyedHash(derive('lookup'));
    this.#wrapping = createSecretKey(derive('wrapping'));
  }

  /** What a row is found by: HMAC of the normalised identifier, 32 bytes. */
  identifierDigest(identifier: PatientIdentifier): Buffer {
    const { system, value } = normaliseIdentifier(identifier);
    return this.#lookup.digest(lengthPrefixed([system, value]));
  }

  /**
   * AES-256-GCM: `nonce(12) | ciphertext | tag(16)`.
   *
   * @param context what the secret is and whose; a wrapped key that is moved to another row does not open there.
   * @param nonce 12 random bytes, new for every wrapping (2^32 of them are safe under one tenant key).
   */
  wrap(secret: Uint8Array, context: readonly string[], nonce: Uint8Array): Uint8Array {
    if (nonce.length !== wrapNonceBytes)
      throw new RangeError(`a nonce of ${nonce.length} bytes instead of ${wrapNonceBytes}`);
    const cipher = createCipheriv('aes-256-gcm', this.#wrapping, nonce);
    cipher.setAAD(lengthPrefixed(context));
    return Buffer.concat([nonce, cipher.update(secret), cipher.final(), cipher.getAuthTag()]);
  }

  /** @throws CodedError VAULT_UNREADABLE for another tenant key, another context or changed bytes. */
  unwrap(wrapped: Uint8Array, context: readonly string[]): Uint8Array {
    try {
      const nonce = wrapped.subarray(0, wrapNonceBytes);
      const decipher = createDecipheriv('aes-256-gcm', this.#wrapping, nonce, { authTagLength: tagBytes });
      decipher.setAAD(lengthPrefixed(context));
      decipher.setAuthTag(wrapped.subarray(wrapped.length - tagBytes));
      const secret = decipher.update(wrapped.subarray(wrapNonceBytes, wrapped.length - tagBytes));
      return Buffer.concat([secret, decipher.final()]);
    } catch (cause) {
      throw privacyError(
        'vaultUnreadable',
        `a ${context[0] ?? 'row'} of the vault does not open under tenant key ${this.id}`,
        cause,
      );
    }
  }
}
