import { describe, expect, it } from '@jest/globals';
import { transactionIds } from './transaction-ids.ts';

describe('transaction ids', () => {
  it('are never used twice: not by one process, not by the one after it, not by two of one generation', () => {
    const secrets = ['one process', 'another'].map((text) => Buffer.from(text));
    const makers = secrets.flatMap((secret) => [1, 2].map((generation) => transactionIds(secret, generation)));
    const ids = makers.flatMap((next) => Array.from({ length: 100 }, () => next()));
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.every((id) => /^[0-9a-f]{64}$/.test(id))).toBe(true);
  });
});
