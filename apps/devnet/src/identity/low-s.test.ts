import { describe, expect, it } from '@jest/globals';
import { generateKeyPairSync, sign, verify } from 'node:crypto';
import { isLowS, lowS } from './low-s.ts';

describe('lowS', () => {
  it('converts every signature into a valid one with the lower s', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const message = Buffer.from('message');
    const signatures = Array.from({ length: 40 }, () => sign('sha256', message, privateKey));
    expect(signatures.some((signature) => !isLowS(signature))).toBe(true);
    for (const signature of signatures.map(lowS)) {
      expect(isLowS(signature)).toBe(true);
      expect(verify('sha256', message, publicKey, signature)).toBe(true);
    }
  });

  it('returns false for bytes that are not a signature', () => {
    for (const bytes of [[], [0x30, 0], [0x30, 6, 2, 1, 1, 2, 1], [0x31, 6, 2, 1, 1, 2, 1, 1]]) {
      expect(isLowS(Uint8Array.from(bytes))).toBe(false);
    }
  });
});
