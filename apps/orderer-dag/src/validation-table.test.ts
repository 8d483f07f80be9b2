import { describe, expect, it } from '@jest/globals';
import { validationCodes } from '@medrex/ledger';
import { validationRule, validationTable } from './validation-table.ts';

describe('validationTable', () => {
  it('has exactly one row for each validation code of Fabric', () => {
    expect(Object.keys(validationTable).sort()).toEqual(Object.keys(validationCodes).sort());
  });

  it('takes outcomes from VALID envelopes only', () => {
    const completing = Object.entries(validationTable).filter(([, rule]) => rule.action === 'complete');
    expect(completing.map(([code]) => code)).toEqual(['VALID']);
  });

  it('stops the channel on an unknown code', () => {
    expect(validationRule('LATTICE_REFUSED').action).toBe('stop');
    expect(validationRule('toString').action).toBe('stop');
  });
});
