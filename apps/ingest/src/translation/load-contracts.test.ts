import { describe, expect, it } from '@jest/globals';
import { loadContracts } from './load-contracts.ts';

describe('intake contracts', () => {
  it.each([
    ['@medrex/nowhere#contract', /MEDREX_INTAKE_CONTRACTS: @medrex\/nowhere#contract cannot be loaded/],
    [
      '@medrex/contracts#dedupeWindowMs',
      /MEDREX_INTAKE_CONTRACTS: @medrex\/contracts#dedupeWindowMs is not an intake contract/,
    ],
  ])('that are invalid are refused, naming the variable: %s', async (name, message) => {
    await expect(loadContracts([name])).rejects.toThrow(message);
  });
});
