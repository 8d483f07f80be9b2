import { describe, expect, it } from '@jest/globals';
import { stateKey, type StateKey } from '@medrex/keys';
import { clinicalErrors } from '../errors.ts';
import { clinicalRegistry } from '../clinical.ts';
import { genericRecord } from '../resources/generic-record.ts';
import { anObservation, Clinic } from '../testing/index.ts';
import { contractOf } from './clinical-contract.ts';
import { registryOf, spacesOf } from './registry.ts';
import type { ResourceModule } from './resource-module.ts';

const base = genericRecord('Basic');
const touching = (space: ResourceModule['space'], key: StateKey): ResourceModule => ({
  ...base,
  type: 'Observation',
  space,
  apply: async (_change, state) => {
    state.put(key, Buffer.from('{}'));
    return undefined;
  },
});

describe('the access rule', () => {
  it.each([
    ['clinical', stateKey('financial', 'account', 'p')],
    ['financial', stateKey('clinical', 'allergies', 'p')],
    ['scheduling', stateKey('clinical', 'allergies', 'p')],
    ['clinical', stateKey('system', 'link', 'p')],
    ['clinical', 'no key of ours' as StateKey],
  ] as const)('lets no %s module touch %s', async (space, key) => {
    const contract = contractOf(registryOf([touching(space, key)], genericRecord));
    const clinic = new Clinic({ contract });
    expect(await clinic.post(anObservation())).toMatchObject({ status: 'dead', code: 'CONTRACT_ERROR' });
    expect(clinic.state.has(key)).toBe(false);
  });

  it('refuses a module that would be in the financial space and in another', () => {
    const module: ResourceModule = { ...base, space: 'clinical', alsoIn: ['financial'] };
    expect(() => registryOf([module], genericRecord)).toThrow(
      expect.objectContaining({ code: clinicalErrors.INVALID_REGISTRY.code }),
    );
  });

  it('refuses two modules for one type', () => {
    expect(() => registryOf([base, base], genericRecord)).toThrow('two modules for Basic');
  });

  it('holds for every module: all its keys are in its own spaces, except system links and identifiers', () => {
    const codes = {
      clinical: 'cli',
      financial: 'fin',
      scheduling: 'sch',
      audit: 'aud',
      counters: 'ctr',
      system: 'sys',
    };
    for (const module of clinicalRegistry.modules) {
      const own = spacesOf(module).map((space) => codes[space]);
      for (const { key } of module.lines) expect([...own, 'sys']).toContain(key.slice(0, 3));
    }
  });
});
