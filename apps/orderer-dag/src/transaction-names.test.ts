import { createHash } from 'node:crypto';
import { describe, expect, it } from '@jest/globals';
import { transactionNames } from './transaction-names.ts';

describe('transaction names', () => {
  const hashing = { transactionId: (nonce: Uint8Array) => createHash('sha256').update(nonce).digest('hex') };

  it('are unique: within a process, across restarts, and between two processes of one generation', () => {
    const secrets = ['one process', 'another'].map((text) => Buffer.from(text));
    const makers = secrets.flatMap((secret) =>
      [1, 2].map((generation) => transactionNames(hashing, secret, generation)),
    );
    const ids = makers.flatMap((next) => Array.from({ length: 100 }, () => next().txId));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-9a-f]{64}$/.test(id))).toBe(true);
  });
});
