import { generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { lowSSigner } from './low-s-signer.ts';

const halfOrders = {
  'P-256': 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n >> 1n,
  'P-384': 0xffffffffffffffffffffffffffffffffffffffffffffffffc7634d81f4372ddf581a0db248b0a77aecec196accc52973n >> 1n,
};

describe('lowSSigner', () => {
  it.each(['P-256', 'P-384'] as const)('signs on %s so that anybody can verify it, with the lower s', (namedCurve) => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve });
    const sign = lowSSigner(privateKey);
    for (let turn = 0; turn < 300; turn++) {
      const message = Buffer.from(`message ${turn}`);
      const signature = sign(message);
      expect(verify('sha256', message, publicKey, signature)).toBe(true);
      expect(sOf(signature)).toBeLessThanOrEqual(halfOrders[namedCurve]);
    }
  });

  it.each([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 1_024 }).privateKey],
    ['another curve', () => generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).privateKey],
  ])('refuses a key of another kind: %s', (_, key) => {
    expect(() => lowSSigner(key())).toThrow(expect.objectContaining({ code: 'FABRIC_IDENTITY_UNUSABLE' }));
  });
});

/** The second INTEGER of the DER sequence. */
function sOf(signature: Uint8Array): bigint {
  const at = 4 + (signature[3] ?? 0);
  const length = signature[at + 1] ?? 0;
  return BigInt(`0x${Buffer.from(signature.subarray(at + 2, at + 2 + length)).toString('hex')}`);
}
