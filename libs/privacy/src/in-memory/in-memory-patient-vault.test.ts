import { describe, expect, it } from '@jest/globals';
import { randomBytes } from 'node:crypto';
import { patientVaultContract } from '../testing/patient-vault-contract.ts';
import { lookUp, mrn } from '../testing/vault-fixture.ts';
import { InMemoryPatientVault } from './in-memory-patient-vault.ts';
import { InMemoryVaultStore } from './in-memory-vault-store.ts';

patientVaultContract('InMemoryPatientVault', async () => {
  const store = new InMemoryVaultStore();
  return {
    open: async (...tenantKeys) => new InMemoryPatientVault({ store, tenantKeys, random: randomBytes }),
    dispose: () => store.close(),
  };
});

describe('InMemoryVaultStore', () => {
  it('takes back what a failed transaction wrote', async () => {
    const store = new InMemoryVaultStore();
    const row = { pseudonym: 'p', state: 'active' } as const;
    const failing = store.transaction('write', async (rows) => {
      await rows.putPatients([row, { ...row, pseudonym: 'q' }]);
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await store.transaction('read', (rows) => rows.patients(['p', 'q']))).toEqual([]);
  });

  it('is gone and comes back when a test says so', async () => {
    const store = new InMemoryVaultStore();
    const vault = new InMemoryPatientVault({ store, random: randomBytes });
    store.setAvailable(false);
    await expect(lookUp(vault, mrn('1'))).rejects.toMatchObject({ code: 'VAULT_UNAVAILABLE', retryable: true });
    store.setAvailable(true);
    expect((await lookUp(vault, mrn('1'))).isNew).toBe(true);
  });
});
