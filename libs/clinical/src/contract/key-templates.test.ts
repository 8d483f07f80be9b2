import { describe, expect, it } from '@jest/globals';
import { lintTemplates } from '@medrex/keys';
import { clinicalRegistry } from '../clinical.ts';
import { keyTemplates, linesOf } from './key-templates.ts';

describe('the key templates', () => {
  it('exist for every type and action', () => {
    const operations = keyTemplates(clinicalRegistry).map(({ operation }) => operation);
    expect(operations).toEqual(expect.arrayContaining(['Observation.create', 'Encounter.update', 'Patient.delete']));
    expect(operations).toHaveLength(clinicalRegistry.modules.length * 3);
  });

  it('contain the key space and type of each record', () => {
    const keys = linesOf(clinicalRegistry.module('Claim'), 'create').map(({ key }) => key);
    expect(keys).toContain('fin~res~Claim~<id>');
  });

  it('pass the key linter', () => {
    expect(lintTemplates(keyTemplates(clinicalRegistry))).toEqual([]);
  });
});
