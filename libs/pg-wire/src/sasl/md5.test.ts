import { describe, expect, it } from '@jest/globals';
import { isMd5Password, isSameSecret, md5Password, md5Response } from './md5.ts';

describe('md5', () => {
  it('computes stored passwords and responses as PostgreSQL does', () => {
    const stored = md5Password('postgres', 'secret');
    expect(stored).toBe('md553f48b7c4b76a86ce72276c5755f217d');
    expect(md5Response(stored, Buffer.from([1, 2, 3, 4]))).toBe('md5bb41a296aab6baccb36ff243a562abff');
  });

  it('recognizes a stored password by its format', () => {
    expect([isMd5Password(md5Password('u', 'p')), isMd5Password('md5secret'), isMd5Password('secret')]).toEqual([
      ...[true, false, false],
    ]);
  });

  it('compares secrets of any length', () => {
    expect(isSameSecret(Buffer.from('a'), Buffer.from('a'))).toBe(true);
    expect(isSameSecret(Buffer.from('a'), Buffer.from('b'))).toBe(false);
    expect(isSameSecret(Buffer.from('a'), Buffer.from('ab'))).toBe(false);
  });
});
