import { describe, expect, it } from '@jest/globals';
import { CallKey } from './call-key.ts';

const secret = Buffer.alloc(32, 7);
const name = { sourceHash: 'a'.repeat(32), chaincode: 'basic', function: 'CreateAsset' };
const opId = 'b'.repeat(32);

describe('CallKey', () => {
  it('gives each try of a call one nonce, on each channel another', () => {
    const [one, same, other] = [new CallKey(secret, 'ehr'), new CallKey(secret, 'ehr'), new CallKey(secret, 'lab')];
    expect(one.nonce(opId, 1)).toEqual(same.nonce(opId, 1));
    const nonces = [one.nonce(opId, 1), one.nonce(opId, 2), one.nonce('c'.repeat(32), 1), other.nonce(opId, 1)];
    expect(new Set(nonces.map((nonce) => Buffer.from(nonce).toString('hex'))).size).toBe(4);
  });

  it('gives keys of two chaincodes different names, whatever they contain, and reveals nothing of them', () => {
    const key = new CallKey(secret, 'ehr');
    const names = [
      key.queueKey('a', 'bc'),
      key.queueKey('ab', 'c'),
      key.queueKey('a', '\u0000o~k\u0000Jane Doe\u0000'),
    ];
    expect(new Set(names).size).toBe(3);
    expect(names.join()).not.toMatch(/Jane/);
    for (const one of names) expect(one).toMatch(/^[a-z]{3}(~[A-Za-z0-9._:%-]*)+$/);
    expect(names).not.toContain(key.wholeStateKey('a'));
  });

  it('binds sealed arguments to their call, deterministically', () => {
    const key = new CallKey(secret, 'ehr');
    const sealed = key.sealArguments(name, ['asset1', 'Jäne']);
    expect(sealed).toEqual(new CallKey(secret, 'ehr').sealArguments(name, ['asset1', 'Jäne']));
    expect(key.openArguments(name, sealed)).toEqual(['asset1', 'Jäne']);
    const unopenable = expect.objectContaining({ code: 'BODY_UNOPENABLE' });
    expect(() => key.openArguments({ ...name, function: 'DeleteAsset' }, sealed)).toThrow(unopenable);
    expect(() => new CallKey(secret, 'lab').openArguments(name, sealed)).toThrow(unopenable);
    expect(() => new CallKey(Buffer.alloc(32, 8), 'ehr').openArguments(name, sealed)).toThrow(unopenable);
  });

  it('binds a sealed answer to its operation', () => {
    const key = new CallKey(secret, 'ehr');
    const sealed = key.sealAnswer(opId, { payload: '{"owner":"Jane"}' });
    expect(sealed).not.toMatch(/Jane/);
    expect(key.openAnswer(opId, sealed)).toEqual({ payload: '{"owner":"Jane"}' });
    expect(() => key.openAnswer('c'.repeat(32), sealed)).toThrow(expect.objectContaining({ code: 'BODY_UNOPENABLE' }));
  });

  it('accepts 32 bytes only', () => {
    expect(() => new CallKey(Buffer.alloc(16), 'ehr')).toThrow(expect.objectContaining({ code: 'CALL_KEY_INVALID' }));
  });
});
