import { describe, expect, it } from '@jest/globals';
import { TenantKeyRing } from './tenant-key-ring.ts';
import { TenantKey } from './tenant-key.ts';

const key = new TenantKey(Buffer.alloc(32, 1));
const other = new TenantKey(Buffer.alloc(32, 2));
const nonce = Buffer.alloc(12, 3);
const secret = Buffer.alloc(32, 4);
const unreadable = expect.objectContaining({ code: 'VAULT_UNREADABLE' });

describe('TenantKey', () => {
  it('unwraps in the same context only', () => {
    const wrapped = key.wrap(secret, ['data key', 'p'], nonce);
    expect(wrapped).toHaveLength(12 + 32 + 16);
    expect(key.unwrap(wrapped, ['data key', 'p'])).toEqual(secret);
    expect(() => key.unwrap(wrapped, ['data key', 'q'])).toThrow(unreadable);
    expect(() => other.unwrap(wrapped, ['data key', 'p'])).toThrow(unreadable);
    expect(() => key.unwrap(wrapped.subarray(0, 20), ['data key', 'p'])).toThrow(unreadable);
  });

  it('gives digests of identifiers that differ from those of other tenants', () => {
    const identifier = { system: 'urn:mrn', value: '4711' };
    expect(key.identifierDigest(identifier)).toEqual(key.identifierDigest({ system: ' urn:mrn', value: '4711 ' }));
    expect(key.identifierDigest(identifier)).not.toEqual(other.identifierDigest(identifier));
    expect(key.identifierDigest({ system: 'urn:mr', value: 'n4711' })).not.toEqual(key.identifierDigest(identifier));
  });

  it('has an id that is not part of the key', () => {
    expect(key.id).toMatch(/^[0-9a-f]{16}$/);
    expect(key.id).not.toBe(other.id);
    expect(new TenantKey(Buffer.alloc(32, 1)).id).toBe(key.id);
  });

  it('accepts 32 bytes only', () => {
    expect(() => new TenantKey(new Uint8Array(31))).toThrow(expect.objectContaining({ code: 'TENANT_KEY_INVALID' }));
  });
});

describe('TenantKeyRing', () => {
  it('reads the source again for an unknown key', () => {
    const keys = [Buffer.alloc(32, 1)];
    const ring = new TenantKeyRing(() => keys);
    expect(() => ring.get(other.id)).toThrow(expect.objectContaining({ code: 'VAULT_KEY_MISSING' }));
    keys.unshift(Buffer.alloc(32, 2));
    expect(ring.get(other.id).id).toBe(other.id);
    expect(ring.newest().id).toBe(key.id);
  });
});
