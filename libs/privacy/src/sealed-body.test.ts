import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { createDecipheriv, createHash, createHmac } from 'node:crypto';
import { BodyKey, openBody, sealBody } from './sealed-body.ts';

const keyBytes = Buffer.alloc(32, 7);
const key = new BodyKey(keyBytes);
const body = Buffer.from('{"resourceType":"Observation","note":"Smith"}');
const binding = ['ehr-1', 'm-1', '0', '3', 'Observation/x'];
const unopenable = expect.objectContaining({ code: 'BODY_UNOPENABLE', retryable: false });

describe('sealBody', () => {
  it('opens every body under its key and binding', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 500 }),
        fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 5 }),
        (bytes, names) => {
          expect(Buffer.from(openBody(key, sealBody(key, bytes, names), names))).toEqual(Buffer.from(bytes));
        },
      ),
    );
  });

  it('gives equal bytes for equal input, and others for another body, binding or key', () => {
    const seal = (sealer: BodyKey, bytes: Uint8Array, names: readonly string[]): string =>
      Buffer.from(sealBody(sealer, bytes, names)).toString();
    const sealed = seal(key, body, binding);
    expect(seal(new BodyKey(keyBytes), Buffer.from(body), [...binding])).toBe(sealed);
    const nonces = [
      sealed,
      seal(key, Buffer.from('x'), binding),
      seal(key, body, ['ehr-1', 'm-2']),
      seal(new BodyKey(Buffer.alloc(32, 8)), body, binding),
    ];
    expect(new Set(nonces.map((text) => text.slice(0, 16))).size).toBe(4);
  });

  it('writes base64 of nonce, ciphertext and tag, as the format says', () => {
    const prefixed = (parts: readonly string[]): Buffer =>
      Buffer.concat(
        parts.map((part) => {
          const length = Buffer.alloc(4);
          length.writeUInt32BE(Buffer.byteLength(part));
          return Buffer.concat([length, Buffer.from(part)]);
        }),
      );
    const raw = Buffer.from(Buffer.from(sealBody(key, body, binding)).toString('latin1'), 'base64');
    const packed = Buffer.concat([Buffer.of(0), body]); // too short to be deflated
    const bodyHash = createHash('sha256').update(packed).digest();
    const nonce = createHmac('sha256', keyBytes)
      .update('medrex body nonce 1\0')
      .update(prefixed(binding))
      .update(bodyHash)
      .digest();
    expect(raw.subarray(0, 12)).toEqual(nonce.subarray(0, 12));
    const decipher = createDecipheriv('aes-256-gcm', keyBytes, raw.subarray(0, 12));
    decipher.setAAD(prefixed(binding)).setAuthTag(raw.subarray(-16));
    expect(Buffer.concat([decipher.update(raw.subarray(12, -16)), decipher.final()])).toEqual(packed);
  });

  it('does not move text from one part of the binding to the next', () => {
    const sealed = sealBody(key, body, ['ab', 'c']);
    for (const other of [['a', 'bc'], ['abc'], ['ab', 'c', ''], []])
      expect(() => openBody(key, sealed, other)).toThrow(unopenable);
  });

  it('does not open under another key or binding, and the error contains nothing of the body', () => {
    const sealed = sealBody(key, body, binding);
    expect(() => openBody(new BodyKey(Buffer.alloc(32, 8)), sealed, binding)).toThrow(unopenable);
    expect(() => openBody(key, sealed, binding.slice(1))).toThrow(unopenable);
    expect(() => openBody(key, sealed, [])).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('Smith') }),
    );
  });

  it('does not open when any one byte was changed', () => {
    const sealed = sealBody(key, Buffer.from('abcd'), binding);
    fc.assert(
      fc.property(fc.nat(sealed.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
        const changed = Uint8Array.from(sealed);
        changed[at] = (changed[at] ?? 0) ^ flip;
        expect(() => openBody(key, changed, binding)).toThrow(unopenable);
      }),
    );
  });

  it('does not open other bytes', () => {
    for (const text of ['', 'AAAA', 'not base64 at all, not base64 at all, not base64']) {
      expect(() => openBody(key, Buffer.from(text), binding)).toThrow(unopenable);
    }
  });

  it('accepts keys of 32 bytes only', () => {
    expect(() => new BodyKey(new Uint8Array(16))).toThrow(expect.objectContaining({ code: 'VAULT_UNREADABLE' }));
  });
});
