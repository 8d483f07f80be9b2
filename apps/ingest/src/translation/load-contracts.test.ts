import { describe, expect, it } from '@jest/globals';
import { loadContracts } from './load-contracts.ts';

describe('intake contracts', () => {
  it.each([
    ['@medrex/nowhere#contract', /MEDREX_INTAKE_CONTRACTS: @medrex\/nowhere#contract cannot be loaded/],
    [
      '@medrex/contracts#dedupeWindowMs',
      /MEDREX_INTAKE_CONTRACTS: @medrex\/contracts#dedupeWindowMs is no intake contract/,
    ],
  ])('that are none are refused by the name of their variable: %s', async (name, message) => {
    await expect(loadContracts([name])).rejects.toThrow(message);
  });
});
