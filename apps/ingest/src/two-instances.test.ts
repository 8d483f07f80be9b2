import { InMemoryStatusStore } from '@medrex/contracts/in-memory';
import { InMemoryPatientVault, InMemoryVaultStore } from '@medrex/privacy/in-memory';
import { randomBytes } from 'node:crypto';
import { twoInstances } from './testing/two-instances.ts';

twoInstances('stores in memory', async () => {
  const statuses = new InMemoryStatusStore();
  const store = new InMemoryVaultStore();
  const tenantKeys = [randomBytes(32)];
  return {
    open: async () => ({ statuses, vault: new InMemoryPatientVault({ store, tenantKeys, random: randomBytes }) }),
    dispose: () => store.close(),
  };
});
